# SPDX-License-Identifier: Apache-2.0
import pytest

from rlcg_bench import rounds
from rlcg_bench.contestant import Timing
from rlcg_bench.steps import Setup
from rlcg_bench.variants import Variant
from rlcg_core.errors import ConfigError

SETUP = Setup("model", "work", 1)
VARIANTS = (
    Variant("a", "", "graph"),
    Variant("b", "", "graph"),
    Variant("c", "", "graph"),
    Variant("rare", "", "graph", every=3),
)


class Fake:
    """Stands for a variant's process; ``log`` is shared by all of a run."""

    def __init__(self, name: str, log: list[tuple[str, int]], stop_at: int) -> None:
        self.name, self.log, self.stop_at = name, log, stop_at
        self.versions = {"onnxruntime": "1"}

    def wait_ready(self) -> "Fake":
        return self

    def ask(self, frame: int) -> Timing:
        if len(self.log) == self.stop_at:
            raise KeyboardInterrupt
        self.log.append((self.name, frame))
        return Timing(2.0, 1.0, 100.0, (0.0,), 0.5, None)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(rounds, "start", lambda variant, *_: Fake(variant.name, asked, 11))
    return asked


def test_every_round_asks_each_variant_once_on_the_same_frame() -> None:
    for number, due in rounds.schedule(VARIANTS, 9, seed=1):
        expected = {"a", "b", "c"} | ({"rare"} if number % 3 == 0 else set())
        assert sorted(variant.name for variant in due) == sorted(expected)


def test_the_order_is_new_in_each_round_and_repeats_with_the_seed() -> None:
    def orders(seed: int) -> list[str]:
        plan = rounds.schedule(VARIANTS[:3], 30, seed)
        return ["".join(variant.name for variant in due) for _, due in plan]

    assert orders(1) == orders(1) != orders(2)
    assert set(orders(1)) == {"abc", "acb", "bac", "bca", "cab", "cba"}


def test_an_interrupted_run_keeps_whole_rounds_only(log: list[tuple[str, int]]) -> None:
    found = rounds.run(VARIANTS[:3], SETUP, rounds=5, seed=1)
    assert len(log) == 11  # the fourth round had two of three answers
    assert not found.complete
    assert {name: sorted(frames) for name, frames in found.timings.items()} == {
        name: [0, 1, 2] for name in "abc"
    }


def test_a_finished_run_has_all_answers_and_versions(log: list[tuple[str, int]]) -> None:
    found = rounds.run(VARIANTS, SETUP, rounds=2, seed=1)
    assert found.complete
    assert sorted(found.timings["a"]) == [0, 1]
    assert sorted(found.timings["rare"]) == [0]
    assert found.versions["rare"] == {"onnxruntime": "1"}


def test_a_variant_that_cannot_run_is_named(setup: Setup) -> None:
    broken = Variant("broken", "", "graph", {"graph": "no_such.onnx"})
    with pytest.raises(ConfigError, match=r"broken: FileNotFoundError.*no_such\.onnx"):
        rounds.run((broken,), setup, rounds=1, seed=1)
