# SPDX-License-Identifier: Apache-2.0
"""One fault from the moving arm to the verdict: in time, within the limits, latched, told why."""

import signal
import time
from dataclasses import dataclass, field

import numpy as np
from cases import Case, command
from fault_cell import FaultCell
from motion_watch import STILL_RAD_S, MotionWatch
from recording import TOO_LARGE, Recording
from ros_bench import START_S
from stall_watch import StallWatch

from rlcg_core.reasons import GateReason, GateState

WATCH_S, TELL_S = 0.4, 3.0
# So far may a joint be from where it came to stand, when all is over: what counts as standing still
# would take it as far.
STAYED_RAD = STILL_RAD_S * WATCH_S
DISTURBED_S, DISTURBED_TRIES = 0.04, 3
FULL_BYTES = 12_000_000


@dataclass
class Finding:
    """What became of one fault.

    ``stands_s``: until the arm stood; ``hold_s``: until it stood and the gate had stopped too.
    ``problems``: what was not as it must be. ``repeats``: so often the machine itself stalled
    during the measurement, which was then made again.
    """

    name: str
    stands_s: float = float("nan")
    hold_s: float = float("nan")
    bar_s: float = float("nan")
    reason: str = ""
    text: str = ""
    problems: list[str] = field(default_factory=list)
    repeats: int = 0

    @property
    def good(self) -> bool:
        """Whether every promise was kept."""
        return not self.problems

    def judge_time(self) -> None:
        """Note a problem if it took longer than the bar allows."""
        if not self.hold_s <= self.bar_s:
            self.problems.append(f"held after {self.hold_s:.3f} s, expected {self.bar_s:g} s")


def measure(cell: FaultCell, watch: MotionWatch, case: Case, bar_s: float) -> Finding:
    """Make a fault while the arm moves; again if the machine stalled meanwhile."""
    finding = Finding(case.name)
    for repeat in range(DISTURBED_TRIES):
        with StallWatch() as stalls:
            finding = _once(cell, watch, case, bar_s)
        finding.repeats = repeat
        if finding.good or stalls.longest_s < DISTURBED_S:
            break
    return finding


def _once(cell: FaultCell, watch: MotionWatch, case: Case, bar_s: float) -> Finding:
    finding = Finding(case.name, bar_s=bar_s)
    begun_s = cell.begin_motion()
    fault_s = time.monotonic()
    case.make(cell)
    cell.until(lambda: cell.stopped_since(fault_s) is not None, f"stop: {cell.story()}", TELL_S)
    stopped_s, status = cell.stopped_since(fault_s)
    finding.reason, finding.text = GateReason(status.reason).name, status.text
    if status.reason not in case.reasons:
        wanted = " or ".join(reason.name for reason in case.reasons)
        finding.problems.append(f"the gate said {finding.reason}, expected {wanted}")
    finding.problems += _untold(cell, finding.reason, stopped_s)
    finding.problems += _not_latched(cell, fault_s + bar_s)
    states = cell.since("robot/joint_states", begun_s)
    rest_s = watch.rest_s(states)
    finding.stands_s = rest_s - fault_s
    finding.hold_s = max(stopped_s, rest_s) - fault_s
    finding.judge_time()
    finding.problems += watch.breaches(states, cell.since("gate/joint_trajectory", begun_s))
    return finding


def _untold(cell: FaultCell, reason: str, stopped_s: float) -> list[str]:
    """Wait until /diagnostics tell of the stop."""

    def told() -> bool:
        heard = cell.since("/diagnostics", stopped_s)
        return any(_tells(status, reason) for _, array in heard for status in array.status)

    try:
        cell.until(told, "news", TELL_S)
    except AssertionError:
        return [f"/diagnostics did not tell of {reason}"]
    return []


def _tells(status: object, reason: str) -> bool:
    values = {item.key: item.value for item in status.values}  # type: ignore[attr-defined]
    name = status.name  # type: ignore[attr-defined]
    return name == "arm_node: gate" and values.get("reason") == reason


def _not_latched(cell: FaultCell, held_s: float) -> list[str]:
    """End the fault, send a sound command, and see that nothing moves.

    ``held_s``: until then the arm may come to stand; whether it did is judged by its speeds.
    """
    time.sleep(max(0.0, held_s - time.monotonic()))
    before = cell.joints()
    cell.policy.send_signal(signal.SIGCONT)
    cell.end_faults()
    cell.rogue.publish(command())
    time.sleep(WATCH_S)
    problems = []
    if cell.gate_state is not GateState.STOPPED:
        problems.append(f"the gate opened by itself: {cell.story()}")
    if np.max(np.abs(cell.joints() - before)) > STAYED_RAD:
        problems.append("the arm moved after it had been stopped")
    return problems


def measure_dead_gate(cell: FaultCell, watch: MotionWatch, bar_s: float) -> Finding:
    """Kill the gate; what stops the arm then, the gate's diagnostics have told before.

    A gate that is started while the policy still commands must not take the episode up.
    """
    finding = Finding("gate killed (kill -9)", bar_s=bar_s)
    begun_s = cell.begin_motion()
    cell.until(lambda: bool(_if_the_gate_dies(cell)), "diagnostics of the gate", TELL_S)
    finding.text = _if_the_gate_dies(cell)
    fault_s = time.monotonic()
    cell.gate.send_signal(signal.SIGKILL)
    time.sleep(WATCH_S)
    states = cell.since("robot/joint_states", begun_s)
    finding.hold_s = finding.stands_s = watch.rest_s(states) - fault_s
    finding.judge_time()
    finding.problems += watch.breaches(states, cell.since("gate/joint_trajectory", begun_s))
    before, restarted_s = cell.joints(), time.monotonic()
    cell.gate.wait()
    cell.start_gate()
    cell.until(
        lambda: any(
            status.state in (GateState.READY, GateState.STOPPED)
            for _, status in cell.since("gate/gate_status", restarted_s)
        ),
        "gate that is there again",
        START_S,
    )
    time.sleep(WATCH_S)
    if np.max(np.abs(cell.joints() - before)) > STAYED_RAD:
        finding.problems.append("the arm moved when the gate came back")
    return finding


def _if_the_gate_dies(cell: FaultCell) -> str:
    for _, array in reversed(cell.heard["/diagnostics"]):
        for status in array.status:
            if status.name == "arm_node: gate":
                return next(v.value for v in status.values if v.key == "if the gate dies")
    return ""


def measure_full_disk(cell: FaultCell, watch: MotionWatch) -> Finding:
    """Let a recorder run out of room while the arm moves: the motion goes on."""
    finding = Finding("disk full (recorder)")
    recording = Recording(cell, cell.folder / "full", compression="none")
    begun_s = cell.begin_motion()
    recording.limit_files(FULL_BYTES)

    def told() -> bool:
        status = recording.status()
        return status is not None and TOO_LARGE in status.message

    cell.until(told, "error of the recorder", START_S)
    status, full_s = recording.status(), time.monotonic()
    finding.text = "" if status is None else status.message
    time.sleep(WATCH_S)
    states = cell.since("robot/joint_states", begun_s)
    if watch.rest_s(states) < full_s or cell.gate_state is not GateState.READY:
        finding.problems.append("the arm was stopped")
    finding.problems += watch.breaches(states, cell.since("gate/joint_trajectory", begun_s))
    recording.process.end()
    if recording.count() == 0:
        finding.problems.append("nothing can be read of what was written")
    return finding
