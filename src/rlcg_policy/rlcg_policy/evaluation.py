# SPDX-License-Identifier: Apache-2.0
"""One robot's part of an evaluation: seeded attempts, each judged, faults apart from failures.

Knows no ROS: the station that resets, grasps and judges is a port.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from rlcg_core.errors import WorldError
from rlcg_core.outcome_sources import Judgement, Source
from rlcg_core.protocol import Trial
from rlcg_core.reasons import GateReason, Outcome, TerminationReason
from rlcg_core.station import Attempt, Scene, Station
from rlcg_policy.report.record import GraspRecord
from rlcg_policy.report.strip import Row, thumbnail
from rlcg_policy.run_book import RunBook

MAX_FAULTS_IN_A_ROW = 3

_JUDGED = (
    TerminationReason.POLICY_TERMINATED,
    TerminationReason.STEP_LIMIT,
    TerminationReason.TIME_LIMIT,
    TerminationReason.LOW_CONFIDENCE,
)
# The gate stopped what the policy wanted: that is the policy's failure and no fault of the set-up.
_POLICY_WANTED = (
    GateReason.NOT_FINITE,
    GateReason.STEP_TOO_LARGE,
    GateReason.OUTSIDE_WORKSPACE,
    GateReason.JOINT_LIMIT,
    GateReason.JOINT_SPEED,
    GateReason.UNREACHABLE,
)
_CLEAR = (Outcome.SUCCESS, Outcome.FAILURE)


class Evaluation:
    """Makes the trials of one robot; every record goes into the book before the next begins."""

    def __init__(
        self, station: Station, book: RunBook, sources: Sequence[Source], robot: int = 0
    ) -> None:
        """``sources``: who is asked for the outcome; the first one's word counts."""
        self._station, self._book, self._robot = station, book, robot
        self._sources = tuple(sources)

    def run(self) -> None:
        """Make the trials that are left; raises `WorldError` when the set-up is at fault."""
        faults = 0
        moved = False
        for trial in self._book.todo(self._robot):
            record = self._attempt(trial)
            moved = moved or record.steps > 0
            faults = faults + 1 if record.outcome is Outcome.INVALID else 0
            if (faults and not moved) or faults >= MAX_FAULTS_IN_A_ROW:
                raise WorldError(
                    f"{record.reason.name}: {record.text or 'no text'} ({faults} invalid "
                    "attempts in a row, the evaluation ends)"
                )

    def _attempt(self, trial: Trial) -> GraspRecord:
        begun_s = time.monotonic()
        wish = self._book.wish(trial)
        self._book.begin(trial)
        scene = self._station.reset(wish)
        # 0 would mean the policy node's own seed.
        attempt = self._station.grasp(trial.scene_seed + 1)
        outcome, said = self._outcome(attempt)
        record = replace(
            self._record(trial, scene, attempt),
            outcome=outcome,
            duration_s=time.monotonic() - begun_s,
            without=wish.filling.without,
            judged_by=said[0].source.value if said else "",
            sources=said,
        )
        self._book.report.renderer = scene.renderer
        title = f"grasp {trial.index + 1}   {outcome.name.lower()}   Q {attempt.last_q:.2f}"
        thumbnails = tuple(thumbnail(frame) for frame in attempt.frames)
        self._book.add(record, Row(title, outcome, thumbnails))
        return record

    def _record(self, trial: Trial, scene: Scene, attempt: Attempt) -> GraspRecord:
        """Return what is known before anybody has judged."""
        return GraspRecord(
            index=trial.index,
            seed=trial.scene_seed,
            outcome=Outcome.UNKNOWN,
            reason=attempt.reason,
            text=attempt.text,
            steps=attempt.steps,
            last_q=attempt.last_q,
            duration_s=0.0,
            step_ms=attempt.step_ms,
            image_to_command_ms=attempt.image_to_command_ms,
            network_ran=attempt.network_ran,
            object_names=scene.object_names,
            robot=self._book.report.robots[trial.robot],
            slot=trial.slot,
            round=trial.round,
            placement=trial.placement,
            recording=attempt.recording,
        )

    def _outcome(self, attempt: Attempt) -> tuple[Outcome, tuple[Judgement, ...]]:
        """Return the outcome, and who said what if anybody was asked.

        Without one command nothing was tried, so there is nothing to judge.
        """
        if attempt.steps == 0:
            return Outcome.INVALID, ()
        if attempt.reason in _JUDGED:
            said = self._station.judge(self._sources)
            judged = said[0].outcome
            return (judged if judged in _CLEAR else Outcome.INVALID), said
        if attempt.reason is TerminationReason.POLICY_FAULT:
            return Outcome.FAILURE, ()
        stopped = attempt.reason is TerminationReason.GATE_STOPPED
        wanted = stopped and attempt.gate in _POLICY_WANTED
        return (Outcome.FAILURE if wanted else Outcome.INVALID), ()
