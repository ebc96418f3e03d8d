# SPDX-License-Identifier: Apache-2.0
"""A robot's part of a run: seeds, judging, faults apart from failures, records at once."""

from dataclasses import replace
from pathlib import Path

import pytest
from fake_station import GOOD, FakeStation, open_run

from rlcg_core.errors import WorldError
from rlcg_core.outcome_sources import Source
from rlcg_core.reasons import GateReason, Outcome
from rlcg_core.reasons import TerminationReason as Reason
from rlcg_core.seeds import evaluation_seed
from rlcg_core.station import Attempt, Scene, Wish
from rlcg_policy.evaluation import MAX_FAULTS_IN_A_ROW, Evaluation
from rlcg_policy.report.record import GraspRecord
from rlcg_policy.report.report import Report

SIMULATOR = (Source.SIMULATOR,)


def evaluate(
    folder: Path, station: FakeStation, grasps: int = 3, **changed: object
) -> tuple[Report, list[GraspRecord]]:
    records: list[GraspRecord] = []
    book, _ = open_run(folder, records, grasps=grasps, **changed)
    Evaluation(station, book, SIMULATOR).run()
    return book.report, records


def test_each_attempt_gets_its_seed_and_its_record(tmp_path: Path) -> None:
    station = FakeStation()
    report, records = evaluate(tmp_path, station)
    seeds = [wish.seed for wish in station.wishes]
    assert seeds == [evaluation_seed(5, index) for index in range(3)]
    assert report.episodes == records
    assert [record.seed for record in records] == seeds
    assert (report.grasps, report.successes, report.commands) == (3, 3, 9)
    assert (report.model, report.renderer) == ("tiny", "egl")
    assert records[0].object_names[:2] == ("some_0", "some_1")
    assert (records[0].judged_by, records[0].target, records[0].tries) == ("simulator", 0, 1)


@pytest.mark.parametrize(
    "reason",
    [Reason.POLICY_TERMINATED, Reason.STEP_LIMIT, Reason.TIME_LIMIT, Reason.LOW_CONFIDENCE],
)
@pytest.mark.parametrize("truth", [Outcome.SUCCESS, Outcome.FAILURE])
def test_an_episode_that_ended_by_itself_is_judged(
    tmp_path: Path, reason: Reason, truth: Outcome
) -> None:
    station = FakeStation([replace(GOOD, reason=reason)], [truth])
    report, _ = evaluate(tmp_path, station, 1)
    assert report.episodes[0].outcome is truth
    assert station.judged == 1


def test_what_the_judge_does_not_know_is_invalid(tmp_path: Path) -> None:
    report, _ = evaluate(tmp_path, FakeStation(truths=[Outcome.UNKNOWN]), 1)
    assert report.episodes[0].outcome is Outcome.INVALID


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
def test_a_stop_of_the_gate_is_judged_by_its_reason(
    tmp_path: Path, gate: GateReason, outcome: Outcome
) -> None:
    station = FakeStation([replace(GOOD, reason=Reason.GATE_STOPPED, gate=gate)])
    report, _ = evaluate(tmp_path, station, 1)
    assert report.episodes[0].outcome is outcome
    assert station.judged == 0


def test_faults_are_counted_apart(tmp_path: Path) -> None:
    fault = replace(GOOD, reason=Reason.STALE_IMAGE)
    broken = replace(GOOD, reason=Reason.POLICY_FAULT)
    report, records = evaluate(tmp_path, FakeStation([GOOD, fault, broken, GOOD]), 4)
    assert [record.outcome.name for record in records] == [
        "SUCCESS", "INVALID", "FAILURE", "SUCCESS",
    ]  # fmt: skip
    assert (report.grasps, report.successes) == (3, 2)


@pytest.mark.parametrize("reason", [Reason.LOW_CONFIDENCE, Reason.POLICY_FAULT, Reason.STEP_LIMIT])
def test_an_attempt_without_a_command_is_invalid_whatever_the_world_looks_like(
    tmp_path: Path, reason: Reason
) -> None:
    nothing = replace(GOOD, reason=reason, steps=0)
    station = FakeStation([GOOD, nothing, GOOD])
    report, records = evaluate(tmp_path, station)
    assert records[1].outcome is Outcome.INVALID
    assert records[1].sources == ()
    assert (report.grasps, station.judged) == (2, 2)


def test_a_set_up_that_never_moves_ends_the_run_at_once(tmp_path: Path) -> None:
    station = FakeStation([Attempt(Reason.NO_IMAGE, "no image received")])
    with pytest.raises(WorldError, match="NO_IMAGE: no image received"):
        evaluate(tmp_path, station, 50)
    assert len(station.wishes) == 1


def test_a_set_up_that_breaks_ends_the_run_after_a_few_faults(tmp_path: Path) -> None:
    fault = replace(GOOD, reason=Reason.STALE_IMAGE, text="camera gone", steps=1)
    station = FakeStation([GOOD, fault])
    with pytest.raises(WorldError, match="3 invalid attempts in a row"):
        evaluate(tmp_path, station, 50)
    assert len(station.wishes) == 1 + MAX_FAULTS_IN_A_ROW


def test_what_was_done_before_an_error_was_recorded(tmp_path: Path) -> None:
    class Breaks(FakeStation):
        def reset(self, wish: Wish) -> Scene:
            if len(self.wishes) == 2:
                raise WorldError("the bin never settles")
            return super().reset(wish)

    records: list[GraspRecord] = []
    book, _ = open_run(tmp_path, records, grasps=9)
    with pytest.raises(WorldError, match="never settles"):
        Evaluation(Breaks(), book, SIMULATOR).run()
    assert len(records) == 2


def test_robot_1_keeps_its_objects_and_always_has_all_of_them(tmp_path: Path) -> None:
    station = FakeStation()
    evaluate(tmp_path, station, 8, protocol="robot1")
    fillings = {wish.filling for wish in station.wishes}
    (filling,) = fillings
    assert (filling.count, filling.without) == (6, ())
    assert filling.objects_seed


def test_robot_2_takes_lifted_objects_out_and_fills_the_bin_for_the_next_round(
    tmp_path: Path,
) -> None:
    truths = [Outcome.SUCCESS, Outcome.FAILURE, Outcome.SUCCESS, Outcome.SUCCESS]
    station = FakeStation(truths=truths)
    report, _ = evaluate(tmp_path, station, 4, protocol="robot2_single_bin")
    assert report.wanted == 6 * 3 * 4
    without = [wish.filling.without for wish in station.wishes]
    assert without[:5] == [(), (0,), (0,), (0, 1), ()]
    assert station.wishes[0].task
    assert station.wishes[2].task == ""
