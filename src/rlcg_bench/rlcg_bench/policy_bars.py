# SPDX-License-Identifier: Apache-2.0
"""The bars that the policy step is put to, and how near them this processor could come at all."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from rlcg_bench.bars import Bar
from rlcg_bench.figures import Figures
from rlcg_bench.variants import FLOAT32, NAIVE, NAIVE_WHOLE, TENSOR2ROBOT

FRAMES = 50


@dataclass(frozen=True)
class Field:
    """Who is compared: the fastest plan that may serve, and all float32 variants."""

    best: str
    exact: tuple[str, ...]


def bars(found: Figures, field: Field, flags: Collection[str]) -> tuple[Bar, ...]:
    """Return all bars; ``flags`` are the processor's, as Linux names them."""
    amx, vnni = "amx_int8" in flags, bool({"avx512_vnni", "avx_vnni"} & set(flags))
    return (
        *_float32_bars(found),
        *_amx_bars(found, field, amx),
        *_vnni_bars(found, field, vnni),
        _same_bar(found, field),
        _memory_bar(found, field),
    )


def _float32_bars(found: Figures) -> Iterator[Bar]:
    naive, ours, least = _ms(found, NAIVE), _ms(found, FLOAT32), found.floor_ms("float32")
    whole = found.cpu_ms.get(NAIVE_WHOLE)
    note = f"{_floor(found, 'float32')} {naive / least:.1f}"
    if whole is not None:
        note += f"; against the naive port really run: {whole.median / ours:.1f}"
    yield Bar("naive / float32", naive / ours, 45.0, "at least", note=note)
    note = f"{_floor(found, 'float32')} {least / found.product_ms:.2f}"
    yield Bar("float32 / G", ours / found.product_ms, 0.9, "at most", note=note)


def _amx_bars(found: Figures, field: Field, amx: bool) -> Iterator[Bar]:
    best = _ms(found, field.best)
    note = f"best: {field.best}" if amx else "asked of processors with AMX"
    yield Bar("naive / best plan", _ms(found, NAIVE) / best, 250.0, "at least", amx, note)
    yield Bar("best plan / G, AMX", best / found.product_ms, 0.15, "at most", amx, note)


def _vnni_bars(found: Figures, field: Field, vnni: bool) -> Iterator[Bar]:
    best, loop, least = _ms(found, field.best), _ms(found, TENSOR2ROBOT), found.floor_ms("int8")
    note = f"best: {field.best}; {_floor(found, 'int8')}"
    notes = [f"{note} {loop / least:.1f}", f"{note} {least / found.product_ms:.2f}"]
    if not vnni:
        notes = ["asked of processors with VNNI"] * 2
    yield Bar("tensor2robot / best plan", loop / best, 10.0, "at least", vnni, notes[0])
    yield Bar("best plan / G, VNNI", best / found.product_ms, 0.35, "at most", vnni, notes[1])


def _ms(found: Figures, name: str) -> float:
    return found.cpu_ms[name].median


def _floor(found: Figures, precision: str) -> str:
    return (
        f"the hoisted graph's {found.hoisted_gflop:.2f} GFLOP at the best {precision} rate seen "
        f"here, {found.peak_gflop_per_s[precision]:.0f}/s per core, would be"
    )


def _same_bar(found: Figures, field: Field) -> Bar:
    """Equal action on all frames by every float32 variant that saw enough of them."""
    seen = {name: found.same[name] for name in field.exact if name in found.same}
    counted = {name: pair for name, pair in seen.items() if pair[1] >= FRAMES}
    shares = [100.0 * same / frames for same, frames in counted.values()]
    note = ", ".join(f"{name} {same}/{frames}" for name, (same, frames) in seen.items())
    name = f"float32 variants choose the same [% of {FRAMES} frames]"
    return Bar(name, min(shares) if shares else None, 100.0, "at least", note=note)


def _memory_bar(found: Figures, field: Field) -> Bar:
    ours = max(found.peak_mb[FLOAT32], found.peak_mb[field.best])
    whole = found.peak_mb.get(NAIVE_WHOLE)
    note = "" if whole is None else f"{ours:.0f} of {whole:.0f} MB"
    share = None if whole is None else ours / whole
    return Bar("peak memory / naive's", share, 0.1, "at most", note=note)
