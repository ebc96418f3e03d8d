# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest

from rlcg_bench.bars import Bar
from rlcg_bench.contestant import Timing
from rlcg_bench.figures import Figures, figures
from rlcg_bench.gate import Gated
from rlcg_bench.policy import _best
from rlcg_bench.policy_bars import Field, bars
from rlcg_bench.prepare import Work
from rlcg_bench.timing import Summary
from rlcg_bench.variants import FLOAT32, NAIVE, NAIVE_WHOLE, PEAK, TENSOR2ROBOT, YARDSTICK, Variant
from rlcg_policy.plans import named as plan_named
from rlcg_policy.verdict import Verdict

AMX, VNNI = frozenset({"avx512_vnni", "amx_int8"}), frozenset({"avx512_vnni"})
FIELD = Field("cpu-int8", ("split",))


def flat(value: float) -> Summary:
    return Summary(9, value, value, (value, value))


def found(**cpu_ms: float) -> Figures:
    times = {NAIVE: 16000.0, TENSOR2ROBOT: 800.0, FLOAT32: 400.0, "cpu-int8": 100.0, **cpu_ms}
    summaries = {name: flat(value) for name, value in times.items()}
    return Figures(
        cpu_ms=summaries,
        wall_ms=summaries,
        peak_mb={FLOAT32: 150.0, "cpu-int8": 90.0, NAIVE_WHOLE: 2000.0},
        same={"split": (50, 50)},
        product_gflop_per_s=100.0,
        peak_gflop_per_s={"float32": 125.0, "int8": 500.0},
        split_gflop=50.0,
        hoisted_gflop=45.0,
    )


def named(given: Figures, flags: frozenset[str] = VNNI, field: Field = FIELD) -> dict[str, Bar]:
    return {bar.name: bar for bar in bars(given, field, flags)}


def test_ratios_are_of_processor_time() -> None:
    seen = named(found())
    assert seen["naive / float32"].found == 40.0
    assert seen["float32 / G"].found == pytest.approx(0.8)  # G = 50 / 100 s = 500 ms
    assert seen["tensor2robot / best plan"].found == 8.0
    assert seen["best plan / G, VNNI"].found == pytest.approx(0.2)
    assert seen["peak memory / naive's"].found == pytest.approx(0.075)


def test_bars_hold_and_miss() -> None:
    seen = named(found(naive=18000.0))
    assert seen["naive / float32"].verdict == "holds"
    assert named(found())["naive / float32"].verdict == "misses"


@pytest.mark.parametrize(
    ("flags", "amx", "vnni"),
    [
        (AMX, "misses", "misses"),
        (VNNI, "not for this machine", "misses"),
        (frozenset({"avx2"}), "not for this machine", "not for this machine"),
    ],
)
def test_a_processor_is_held_to_its_own_bars(flags: frozenset[str], amx: str, vnni: str) -> None:
    seen = named(found(), flags)
    assert seen["naive / best plan"].verdict == amx
    assert seen["tensor2robot / best plan"].verdict == vnni
    assert seen["float32 / G"].verdict == "holds"


def test_a_bar_says_how_near_this_processor_could_come() -> None:
    seen = named(found())
    # 45 GFLOP at 125 per second are 360 ms; at 500 they are 90 ms.
    assert seen["naive / float32"].note.endswith("125/s per core, would be 44.4")
    assert seen["tensor2robot / best plan"].note.endswith("500/s per core, would be 8.9")


def test_one_float32_variant_that_chooses_otherwise_misses_the_bar() -> None:
    given = replace(found(), same={"split": (50, 50), "two": (49, 50), "cpu-int8": (3, 50)})
    bar = named(given, field=Field("cpu-int8", ("split", "two")))[
        "float32 variants choose the same [% of 50 frames]"
    ]
    assert (bar.found, bar.verdict) == (98.0, "misses")


def test_fewer_frames_measure_no_equality() -> None:
    given = replace(found(), same={"split": (49, 49)})
    bar = named(given)["float32 variants choose the same [% of 50 frames]"]
    assert bar.verdict == "not measured"


def test_without_the_naive_ports_memory_there_is_no_share_of_it() -> None:
    given = replace(found(), peak_mb={FLOAT32: 150.0, "cpu-int8": 90.0})
    assert named(given)["peak memory / naive's"].verdict == "not measured"


def timing(cpu_ms: float, goal: tuple[float, ...] = (), rate: float = 0.0) -> Timing:
    rates = {"float32": rate, "int8": 4.0 * rate} if rate else None
    return Timing(2.0 * cpu_ms, cpu_ms, 100.0 + cpu_ms, goal, None, rates)


def test_figures_come_from_the_timings() -> None:
    field = [
        Variant(NAIVE, "", "naive", share=16, decides=False),
        Variant(FLOAT32, "", "graph"),
        Variant("split", "", "split"),
        Variant(YARDSTICK, "", "yardstick", decides=False),
        Variant(PEAK, "", "peak", decides=False),
    ]
    seen = {
        NAIVE: {0: timing(1000.0)},
        FLOAT32: {k: timing(400.0, (0.0, float(k))) for k in range(3)},
        "split": {0: timing(500.0, (0.0, 0.0)), 1: timing(700.0, (0.0, 1.2))},
        YARDSTICK: {0: timing(200.0)},
        PEAK: {0: timing(50.0, rate=110.0), 3: timing(50.0, rate=115.0)},
    }
    made = figures(field, seen, Work(None, 52.7, 46.0))  # type: ignore[arg-type]
    assert made.cpu_ms[NAIVE].median == 16000.0
    assert made.wall_ms["split"].median == 1200.0
    assert made.same == {FLOAT32: (3, 3), "split": (1, 2)}
    assert made.peak_mb["split"] == 800.0
    assert made.product_gflop_per_s == pytest.approx(2 * 2048**3 / 1e9 / 0.2)
    assert made.peak_gflop_per_s == {"float32": 115.0, "int8": 460.0}


def test_the_best_plan_may_serve_and_computes_on_the_processor() -> None:
    verdicts = {
        "cpu-int8": Verdict("cpu-int8"),
        "openvino-int8": Verdict("openvino-int8", "quality", "too far off"),
        "cuda-float32": Verdict("cuda-float32"),
    }
    gated = [Gated(plan_named(name), "", verdict) for name, verdict in verdicts.items()]
    seen = found(**{"cpu-int8": 100.0, "openvino-int8": 50.0, "cuda-float32": 5.0})
    assert _best(gated, seen) == "cpu-int8"
    assert _best([], seen) == FLOAT32
