# SPDX-License-Identifier: Apache-2.0
"""The fastest plan that may serve and proves itself serves; what is refused is told."""

from dataclasses import replace
from pathlib import Path

import pytest
import tiny_forms
import tiny_model

from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError, ConfigError
from rlcg_policy import verdicts
from rlcg_policy.plan_roster import PlanRoster, Prober
from rlcg_policy.plans import CPU_FLOAT32, Plan
from rlcg_policy.serving_options import ServingOptions
from rlcg_policy.verdict import Answer, Timing, Verdict

CPU_INT8 = Plan("cpu", "int8")


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A model with an int8 form and a smaller search of both."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return tiny_forms.write(folder, tiny_forms.GOOD_M, small=True)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny")


def judged(
    int8_ms: float = 1.0, float32_ms: float = 2.0, asked: list[str] | None = None, **int8: object
) -> Prober:
    """Return a prober that gives canned verdicts; ``int8`` changes that on cpu-int8."""

    def prober(bundle: Bundle, plan: Plan, threads: int) -> Verdict:
        if asked is not None:
            asked.append(plan.name)
        wall_ms = int8_ms if plan == CPU_INT8 else float32_ms
        timings = (Timing(3, 32, wall_ms, wall_ms), Timing(3, 16, wall_ms / 2, wall_ms / 2))
        verdict = Verdict(plan.name, timings=timings)
        return replace(verdict, **int8) if plan == CPU_INT8 else verdict

    return prober


def serve(bundle: Bundle, prober: Prober, **options: object) -> tuple[str, PlanRoster]:
    roster = PlanRoster(bundle, ServingOptions(**options), prober)
    return str(roster.open_best()), roster


def test_the_fastest_by_the_full_search_serves(tiny: Bundle) -> None:
    serving, roster = serve(tiny, judged(int8_ms=1.0))
    assert serving == "cpu-int8 3x32"
    assert roster.warnings == ()
    assert roster.table()["cpu-float32"].startswith("3x32 2.0 ms, 2.0 core-ms; 3x16 1.0 ms")
    other = verdicts.VerdictCache(verdicts.key_of(tiny, ServingOptions().thread_count))
    other.path.unlink()
    assert serve(tiny, judged(int8_ms=3.0))[0] == "cpu-float32 3x32"


@pytest.mark.parametrize(("int8_ms", "expected"), [(1.9, "cpu-float32"), (1.7, "cpu-int8")])
def test_precision_is_given_up_only_for_a_gain_beyond_noise(
    tiny: Bundle, int8_ms: float, expected: str
) -> None:
    assert serve(tiny, judged(int8_ms, float32_ms=2.0))[0] == f"{expected} 3x32"


def test_a_refusal_for_quality_is_listed_without_a_warning(tiny: Bundle) -> None:
    serving, roster = serve(tiny, judged(refusal="quality", reason="too poor"))
    assert serving == "cpu-float32 3x32"
    assert roster.warnings == ()
    assert roster.table()["cpu-int8"].endswith("refused: too poor")


def test_a_fault_is_a_warning_with_its_reason(tiny: Bundle) -> None:
    serving, roster = serve(tiny, judged(refusal="fault", reason="it crashed with SIGSEGV"))
    assert serving == "cpu-float32 3x32"
    assert roster.warnings == ("cpu-int8: it crashed with SIGSEGV",)


def test_with_nothing_to_choose_from_nothing_is_measured(plain: Bundle, tiny: Bundle) -> None:
    asked: list[str] = []
    assert serve(plain, judged(asked=asked))[0] == "cpu-float32 3x32"
    assert serve(tiny, judged(asked=asked), plan="cpu-float32")[0] == "cpu-float32 3x32"
    assert asked == []
    serve(plain, judged(asked=asked), deadline_ms=5.0)
    assert asked == ["cpu-float32"]


def test_an_explicit_plan_that_is_refused_is_an_error(tiny: Bundle, plain: Bundle) -> None:
    poor = judged(refusal="quality", reason="too poor")
    with pytest.raises(ConfigError, match="plan cpu-int8 cannot serve: cpu-int8: too poor"):
        serve(tiny, poor, plan="cpu-int8")
    with pytest.raises(ConfigError, match=r"plan cpu-int8 has no graph in tiny, which has policy"):
        serve(plain, poor, plan="cpu-int8")
    with pytest.raises(ConfigError, match="provider tensorrt is not in this onnxruntime"):
        serve(tiny, poor, plan="tensorrt-float16")
    with pytest.raises(ConfigError, match="provider cuda is not in this onnxruntime"):
        serve(tiny, poor, provider="cuda")


def test_options_that_contradict_each_other_or_are_unknown_are_errors() -> None:
    with pytest.raises(ConfigError, match="cpu-int8 does not run on provider openvino"):
        ServingOptions(plan="cpu-int8", provider="openvino")
    with pytest.raises(ConfigError, match="plan is 'fast', expected one of auto"):
        ServingOptions(plan="fast")
    with pytest.raises(ConfigError, match="provider is 'gpu', expected one of auto"):
        ServingOptions(provider="gpu")


def test_with_none_left_the_reasons_are_one_line(tiny: Bundle) -> None:
    def none(bundle: Bundle, plan: Plan, threads: int) -> Verdict:
        return Verdict(plan.name, "fault", f"no {plan.precision}")

    with pytest.raises(BundleError) as caught:
        serve(tiny, none)
    assert str(caught.value) == (
        "no plan can serve tiny: cpu-int8: no int8; cpu-float32: no float32"
    )


def test_verdicts_are_remembered_unless_that_is_switched_off(tiny: Bundle) -> None:
    asked: list[str] = []
    for _ in range(2):
        assert serve(tiny, judged(asked=asked))[0] == "cpu-int8 3x32"
    assert asked == ["cpu-int8", "cpu-float32"]
    serve(tiny, judged(asked=asked), probe_cache=False)
    assert len(asked) == 4


def test_asking_for_one_plan_does_not_forget_the_others(tiny: Bundle) -> None:
    asked: list[str] = []
    serve(tiny, judged(asked=asked), plan="cpu-float32", deadline_ms=5.0)
    serve(tiny, judged(asked=asked), plan="cpu-int8")
    serve(tiny, judged(asked=asked))
    assert asked == ["cpu-float32", "cpu-int8"]


def test_between_episodes_nothing_is_measured(tiny: Bundle) -> None:
    asked: list[str] = []
    lie = Answer((0.5, 0.0, 0.0), 0.99)
    serve(tiny, judged(int8_ms=9.0, first=lie))
    _, roster = serve(tiny, judged(asked=asked))
    roster.refuse(CPU_FLOAT32, "gone")
    with pytest.raises(BundleError, match="cpu-int8: the first stored frame gives Q"):
        roster.open_best()
    assert asked == []


def test_a_remembered_fault_says_how_to_measure_again(tiny: Bundle) -> None:
    for _ in range(2):
        _, roster = serve(tiny, judged(refusal="fault", reason="it hung"))
    assert roster.warnings == ("cpu-int8: it hung (remembered; probe_cache false measures again)",)


def test_a_remembered_plan_that_answers_otherwise_now_is_measured_again(tiny: Bundle) -> None:
    asked: list[str] = []
    lie = Answer((0.5, 0.0, 0.0), 0.99)
    serve(tiny, judged(int8_ms=9.0, asked=asked, first=lie))
    path = verdicts.VerdictCache(verdicts.key_of(tiny, ServingOptions().thread_count)).path
    path.write_text(path.read_text().replace("9.0", "0.5"))
    asked.clear()
    serving, roster = serve(tiny, judged(int8_ms=1.0, asked=asked))
    assert asked == ["cpu-int8"]
    assert serving == "cpu-int8 3x32"
    assert roster.warnings == ()


def test_a_plan_that_does_not_repeat_what_was_just_measured_is_refused(tiny: Bundle) -> None:
    serving, roster = serve(tiny, judged(first=Answer((0.5, 0.0, 0.0), 0.99)))
    assert serving == "cpu-float32 3x32"
    assert "cpu-int8: the first stored frame gives Q" in roster.warnings[0]


@pytest.mark.parametrize(
    ("deadline_ms", "expected", "warns"),
    [(0.0, "3x32", False), (1.5, "3x32", False), (0.7, "3x16", False), (0.1, "3x16", True)],
)
def test_the_deadline_takes_the_greatest_search_within_it(
    tiny: Bundle, deadline_ms: float, expected: str, warns: bool
) -> None:
    serving, roster = serve(tiny, judged(int8_ms=1.0), deadline_ms=deadline_ms)
    assert serving == f"cpu-int8 {expected}"
    assert bool(roster.warnings) == warns
    assert not warns or "the smallest search takes" in roster.warnings[0]


def test_a_plan_refused_at_run_time_never_comes_back(tiny: Bundle) -> None:
    _, roster = serve(tiny, judged())
    roster.refuse(CPU_INT8, "gone")
    assert str(roster.open_best()) == "cpu-float32 3x32"
    roster.refuse(CPU_FLOAT32, "gone too")
    with pytest.raises(BundleError, match="cpu-int8: gone; cpu-float32: gone too"):
        roster.open_best()
