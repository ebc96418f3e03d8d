# SPDX-License-Identifier: Apache-2.0
"""Reports to be told of: of one robot, of two, of some outcomes."""

from rlcg_core.outcome_sources import Judgement, Source
from rlcg_core.reasons import Outcome
from rlcg_core.reasons import TerminationReason as Reason
from rlcg_policy.report.record import GraspRecord
from rlcg_policy.report.report import Report

MIXED = (Outcome.SUCCESS, Outcome.FAILURE, Outcome.INVALID, Outcome.SUCCESS)


def record(index: int, outcome: Outcome, **other: object) -> GraspRecord:
    values: dict = {
        "index": index,
        "seed": 100 + index,
        "outcome": outcome,
        "reason": Reason.POLICY_TERMINATED,
        "text": "",
        "steps": 3,
        "last_q": 0.5,
        "duration_s": 1.0,
        "step_ms": (30.0, 20.0, 1.0),
        "image_to_command_ms": (40.0, 30.0, 2.0),
        "network_ran": (True, True, False),
    }
    return GraspRecord(**{**values, **other})


def report(*outcomes: Outcome) -> Report:
    episodes = [record(index, outcome) for index, outcome in enumerate(outcomes)]
    return Report("tiny", "some", 7, 4, "abc", "mock", "2000", "mock", 5.0, episodes)


def judged(index: int, outcome: Outcome, second: Outcome, **other: object) -> GraspRecord:
    said = (
        Judgement(Source.SIMULATOR, outcome, "", (1,) if outcome is Outcome.SUCCESS else (), 1),
        Judgement(Source.GRIPPER_OPENING, second, "jaw at 20 mm"),
    )
    names = ("cube", "cup", "can")
    return record(index, outcome, sources=said, object_names=names, **other)


def two_robots() -> Report:
    good, bad = Outcome.SUCCESS, Outcome.FAILURE
    found = report()
    found.wanted, found.robots = 5, ("robot_1", "robot_2")
    for index, (outcome, second) in enumerate(
        [(good, good), (bad, good), (bad, bad), (good, good)]
    ):
        robot = found.robots[index % 2]
        found.add(judged(index, outcome, second, robot=robot, last_q=0.15 + 0.2 * index))
    return found
