# SPDX-License-Identifier: Apache-2.0
"""The protocol of an evaluation: N seeded attempts, each judged, faults apart from failures.

Knows no ROS: the station that resets, grasps and judges is a port.
"""

import time
from collections.abc import Callable

from rlcg_core.errors import WorldError
from rlcg_core.reasons import GateReason, Outcome, TerminationReason
from rlcg_core.seeds import evaluation_seed
from rlcg_core.station import Attempt, Station
from rlcg_policy.report.record import GraspRecord, Report
from rlcg_policy.report.strip import Row, Strip, thumbnail

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


class Evaluation:
    """Runs the attempts of a report; ``on_record`` is called after each with report and strip."""

    def __init__(
        self, station: Station, report: Report, on_record: Callable[[GraspRecord], None]
    ) -> None:
        self.report, self.strip = report, Strip()
        self._station, self._on_record = station, on_record
        self._begun_s = time.monotonic()

    def run(self) -> None:
        """Make the attempts; raises `WorldError` when the set-up is at fault."""
        faults = 0
        for index in range(self.report.wanted):
            record = self._attempt(index)
            self.report.episodes.append(record)
            self.report.duration_s = time.monotonic() - self._begun_s
            self._on_record(record)
            faults = faults + 1 if record.outcome is Outcome.INVALID else 0
            nothing_ever = faults and self.report.commands == 0
            if nothing_ever or faults >= MAX_FAULTS_IN_A_ROW:
                raise WorldError(
                    f"{record.reason.name}: {record.text or 'no text'} ({faults} invalid "
                    "attempts in a row, the evaluation ends)"
                )

    def _attempt(self, index: int) -> GraspRecord:
        report, begun_s = self.report, time.monotonic()
        seed = evaluation_seed(report.seed, index)
        scene = self._station.reset(seed, report.objects)
        # 0 would mean the policy node's own seed.
        attempt = self._station.grasp(seed + 1)
        outcome = self._judge(attempt)
        report.renderer, report.model = scene.renderer, attempt.model or report.model
        title = f"grasp {index + 1}   {outcome.name.lower()}   Q {attempt.last_q:.2f}"
        self.strip.add(Row(title, outcome, tuple(thumbnail(frame) for frame in attempt.frames)))
        return GraspRecord(
            index=index,
            seed=seed,
            outcome=outcome,
            reason=attempt.reason,
            text=attempt.text,
            steps=attempt.steps,
            last_q=attempt.last_q,
            duration_s=time.monotonic() - begun_s,
            step_ms=attempt.step_ms,
            image_to_command_ms=attempt.image_to_command_ms,
            network_ran=attempt.network_ran,
            object_names=scene.object_names,
        )

    def _judge(self, attempt: Attempt) -> Outcome:
        if attempt.reason in _JUDGED:
            return self._station.outcome()
        if attempt.reason is TerminationReason.POLICY_FAULT:
            return Outcome.FAILURE
        stopped = attempt.reason is TerminationReason.GATE_STOPPED
        return Outcome.FAILURE if stopped and attempt.gate in _POLICY_WANTED else Outcome.INVALID
