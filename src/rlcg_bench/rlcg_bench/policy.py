# SPDX-License-Identifier: Apache-2.0
"""The policy step: all variants in one interleaved run, on the same weights, frames and noise."""

import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from tqdm import tqdm

from rlcg_bench import gate, machine, policy_bars, prepare, rounds, variants
from rlcg_bench.figures import Figures, figures
from rlcg_bench.gate import Gated
from rlcg_bench.rounds import Rounds
from rlcg_bench.section import Cell, Section
from rlcg_bench.steps import Setup
from rlcg_bench.variants import FLOAT32, NAIVE, Variant
from rlcg_core import bundle, strict_json
from rlcg_core.bundle import Bundle
from rlcg_core.errors import ConfigError
from rlcg_policy.plans import GPU_PROVIDERS

LEAST_ROUNDS = 3


@dataclass(frozen=True)
class PolicySettings:
    """What to measure; ``openvino_python``: an interpreter with onnxruntime-openvino, or empty."""

    model: Path
    rounds: int = policy_bars.FRAMES
    threads: int = 1
    seed: int = 1
    openvino_python: str = ""


def measure(settings: PolicySettings) -> Section:
    """Return the table and its bars; raises `RlcgError`.

    Interrupted, it reports the rounds that were finished; with fewer than `LEAST_ROUNDS` of them
    it raises `ConfigError`.
    """
    found = bundle.load(settings.model)
    with tempfile.TemporaryDirectory(prefix="rlcg-bench-") as folder:
        work = prepare.prepare(found, Path(folder))
        prepare.render(found.folder, work.folder, settings.rounds)
        gated = gate.judge(found, settings.threads, settings.openvino_python)
        field = variants.fixed(found.manifest.cem)
        field += gate.write_graphs(found, gated, work.folder)
        setup = Setup(str(found.folder.resolve()), folder, settings.threads)
        run = rounds.run(field, setup, settings.rounds, settings.seed)
        if len(run.timings.get(FLOAT32, {})) < LEAST_ROUNDS:
            raise ConfigError(f"fewer than {LEAST_ROUNDS} rounds were finished: nothing to report")
        if run.complete:
            field += (_run_whole(found, setup, run),)
        return _section(settings, found, field, gated, run, figures(field, run.timings, work))


def _run_whole(found: Bundle, setup: Setup, run: Rounds) -> Variant:
    """Run the naive port whole, once and alone: its time without multiplying, and its memory."""
    whole = variants.naive_whole(found.manifest.cem)
    with ExitStack() as stack, tqdm(total=1, desc=whole.name, unit="run") as progress:
        child = rounds.start(whole, setup, stack)
        try:
            run.add(whole.name, 0, child.wait_ready().ask(0))
            progress.update()
        except KeyboardInterrupt:
            run.complete = False
    return whole


def _section(
    settings: PolicySettings,
    found: Bundle,
    field: tuple[Variant, ...],
    gated: list[Gated],
    run: Rounds,
    seen: Figures,
) -> Section:
    best = _best(gated, seen)
    exact = tuple(v.name for v in field if v.exact and v.decides and v.name != FLOAT32)
    return Section(
        title=f"policy step, {found.manifest.name} {found.digest}, threads: {settings.threads}",
        rows=_rows(field, gated, seen),
        bars=policy_bars.bars(seen, policy_bars.Field(best, exact), machine.flags()),
        notes=_notes(seen),
        complete=run.complete,
        details={
            "model": {"name": found.manifest.name, "digest": found.digest},
            "settings": {**asdict(settings), "model": str(settings.model)},
            "best_plan": best,
            "figures": asdict(seen),
            "product_ms": seen.product_ms,
            "versions": run.versions,
            "verdicts": {one.plan.name: strict_json.to_plain(one.verdict) for one in gated},
            "timings": {
                name: [{"frame": k, **asdict(t)} for k, t in sorted(by_frame.items())]
                for name, by_frame in run.timings.items()
            },
        },
    )


def _best(gated: list[Gated], seen: Figures) -> str:
    """Return the plan that serves with the least processor time.

    One that computes on a GPU is left out: its time does not show in the processor's.
    """
    good = [one.plan for one in gated if one.verdict.ok]
    served = [FLOAT32, *(plan.name for plan in good if plan.provider not in GPU_PROVIDERS)]
    return min(served, key=lambda name: seen.cpu_ms[name].median)


def _rows(
    field: tuple[Variant, ...], gated: list[Gated], seen: Figures
) -> tuple[dict[str, Cell], ...]:
    """Return a row per variant, the slowest first, then the plans that did not run."""
    verdicts = {one.plan.name: one.verdict.reason or "good" for one in gated}
    verdicts[FLOAT32] = "good, the reference"
    timed = [variant for variant in field if variant.decides or variant.share > 1]
    timed.sort(key=lambda variant: seen.cpu_ms[variant.name].median, reverse=True)
    faults = [one.plan.name for one in gated if one.plan.name not in seen.cpu_ms]
    return (
        *(_row(variant, seen, verdicts) for variant in timed),
        *(_empty_row(name, verdicts) for name in faults),
    )


def _row(variant: Variant, seen: Figures, verdicts: dict[str, str]) -> dict[str, Cell]:
    cpu = seen.cpu_ms[variant.name]
    low, high = cpu.interval_95 or (None, None)
    same, frames = seen.same.get(variant.name, (0, 0))
    return {
        "variant": variant.name,
        "cpu_ms": cpu.median,
        "low_95": low,
        "high_95": high,
        "min": cpu.minimum,
        "n": cpu.n,
        "wall_ms": seen.wall_ms[variant.name].median,
        "naive/it": seen.cpu_ms[NAIVE].median / cpu.median,
        "it/G": cpu.median / seen.product_ms,
        "peak_MB": seen.peak_mb[variant.name],
        "same": f"{same}/{frames}" if frames else "",
        "gate": verdicts.get(variant.name, ""),
        "what": variant.what,
    }


def _empty_row(name: str, verdicts: dict[str, str]) -> dict[str, Cell]:
    """Return the row of a plan that did not run."""
    columns = ("cpu_ms", "low_95", "high_95", "min", "n", "wall_ms", "naive/it", "it/G")
    blank: dict[str, Cell] = dict.fromkeys((*columns, "peak_MB"))
    return {"variant": name, **blank, "same": "", "gate": verdicts[name], "what": "plan"}


def _notes(seen: Figures) -> tuple[str, ...]:
    return (
        f"G = {seen.split_gflop:.2f} GFLOP / {seen.product_gflop_per_s:.1f} GFLOP/s "
        f"= {seen.product_ms:.0f} ms: the time at the rate of a float32 product of 2048 x 2048.",
        f"Best rates of small products, per core: float32 {seen.peak_gflop_per_s['float32']:.0f} "
        f"GFLOP/s, int8 {seen.peak_gflop_per_s['int8']:.0f} GOP/s.",
        "cpu_ms: processor time of the variant's process, median; low_95, high_95: interval of it.",
    )
