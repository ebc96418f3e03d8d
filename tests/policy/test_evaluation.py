# SPDX-License-Identifier: Apache-2.0
"""The protocol: seeds, judging, faults apart from failures, a record after each attempt."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from rlcg_core.errors import WorldError
from rlcg_core.reasons import GateReason, Outcome
from rlcg_core.reasons import TerminationReason as Reason
from rlcg_core.seeds import evaluation_seed
from rlcg_core.station import Attempt, Scene
from rlcg_policy.evaluation import MAX_FAULTS_IN_A_ROW, Evaluation
from rlcg_policy.report.record import GraspRecord, Report

FRAME = np.zeros((256, 320, 3), np.uint8)
GOOD = Attempt(
    Reason.POLICY_TERMINATED,
    "",
    steps=3,
    last_q=0.9,
    step_ms=(20.0, 22.0, 1.0),
    image_to_command_ms=(25.0, 27.0, 2.0),
    network_ran=(True, True, False),
    model="tiny",
    frames=(FRAME, FRAME),
)


@dataclass
class FakeStation:
    """Plays attempts in turn, the last one for ever."""

    attempts: list[Attempt]
    truth: Outcome = Outcome.SUCCESS
    seeds: list[int] = field(default_factory=list)
    judged: int = 0

    def reset(self, seed: int, objects: str) -> Scene:
        self.seeds.append(seed)
        return Scene("egl", (objects, "b"))

    def grasp(self, seed: int) -> Attempt:
        assert seed >= 1
        return self.attempts[min(len(self.seeds), len(self.attempts)) - 1]

    def outcome(self) -> Outcome:
        self.judged += 1
        return self.truth


def evaluate(station: FakeStation, wanted: int = 3) -> tuple[Report, list[GraspRecord]]:
    report = Report("unknown", "some", 5, wanted, "abc", "sim", "2000-01-01T00:00:00+00:00")
    records: list[GraspRecord] = []
    Evaluation(station, report, records.append).run()
    return report, records


def test_each_attempt_gets_its_seed_and_its_record() -> None:
    station = FakeStation([GOOD])
    report, records = evaluate(station)
    assert station.seeds == [evaluation_seed(5, index) for index in range(3)]
    assert report.episodes == records
    assert [record.seed for record in records] == station.seeds
    assert (report.grasps, report.successes, report.commands) == (3, 3, 9)
    assert (report.model, report.renderer) == ("tiny", "egl")
    assert records[0].object_names == ("some", "b")


@pytest.mark.parametrize(
    "reason",
    [Reason.POLICY_TERMINATED, Reason.STEP_LIMIT, Reason.TIME_LIMIT, Reason.LOW_CONFIDENCE],
)
@pytest.mark.parametrize("truth", [Outcome.SUCCESS, Outcome.FAILURE])
def test_an_episode_that_ended_by_itself_is_judged_by_the_world(
    reason: Reason, truth: Outcome
) -> None:
    station = FakeStation([replace(GOOD, reason=reason)], truth)
    report, _ = evaluate(station, 1)
    assert report.episodes[0].outcome is truth
    assert station.judged == 1


@pytest.mark.parametrize(
    ("gate", "outcome"),
    [
        (GateReason.OUTSIDE_WORKSPACE, Outcome.FAILURE),
        (GateReason.UNREACHABLE, Outcome.FAILURE),
        (GateReason.JOINT_LIMIT, Outcome.FAILURE),
        (GateReason.DEADMAN, Outcome.INVALID),
        (GateReason.STALE_JOINT_STATE, Outcome.INVALID),
    ],
)
def test_a_stop_of_the_gate_is_judged_by_its_reason(gate: GateReason, outcome: Outcome) -> None:
    station = FakeStation([replace(GOOD, reason=Reason.GATE_STOPPED, gate=gate)])
    report, _ = evaluate(station, 1)
    assert report.episodes[0].outcome is outcome
    assert station.judged == 0


def test_faults_are_counted_apart() -> None:
    fault = replace(GOOD, reason=Reason.STALE_IMAGE)
    broken = replace(GOOD, reason=Reason.POLICY_FAULT)
    report, records = evaluate(FakeStation([GOOD, fault, broken, GOOD]), 4)
    assert [record.outcome.name for record in records] == [
        "SUCCESS", "INVALID", "FAILURE", "SUCCESS",
    ]  # fmt: skip
    assert (report.grasps, report.successes) == (3, 2)


def test_a_set_up_that_never_moves_ends_the_run_at_once() -> None:
    fault = Attempt(Reason.NO_IMAGE, "no image received")
    station = FakeStation([fault])
    with pytest.raises(WorldError, match="NO_IMAGE: no image received"):
        evaluate(station, 50)
    assert len(station.seeds) == 1


def test_a_set_up_that_breaks_ends_the_run_after_a_few_faults() -> None:
    fault = replace(GOOD, reason=Reason.STALE_IMAGE, text="camera gone", steps=1)
    station = FakeStation([GOOD, fault])
    with pytest.raises(WorldError, match="3 invalid attempts in a row"):
        evaluate(station, 50)
    assert len(station.seeds) == 1 + MAX_FAULTS_IN_A_ROW


def test_what_was_done_before_an_error_was_recorded() -> None:
    class Breaks(FakeStation):
        def reset(self, seed: int, objects: str) -> Scene:
            if len(self.seeds) == 2:
                raise WorldError("the bin never settles")
            return super().reset(seed, objects)

    records: list[GraspRecord] = []
    report = Report("m", "some", 0, 9, "abc", "sim", "")
    with pytest.raises(WorldError, match="never settles"):
        Evaluation(Breaks([GOOD]), report, records.append).run()
    assert len(records) == 2
