# SPDX-License-Identifier: Apache-2.0
"""The cell that faults are made in: brings the arm into motion, and everything back in order."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cell_bench import CellBench, Told
from rlcg_msgs.action import Grasp
from ros_bench import START_S
from std_srvs.srv import Trigger

from rlcg_core.reasons import GateState
from rlcg_ros.conversions import stamp_to_s

# The rate that the faults are measured at, the settings of gate and policy for it, and the bar.
RATE_HZ, BAR_S = 20.0, 0.25
RATE_WORDS = ("--params-file", str(Path(__file__).resolve().parents[2] / "config/rate_20hz.yaml"))
MOVING_RAD_S = 0.02
LEAD_IN_S, LEAD_IN_TRIES, QUIET_S = 0.6, 10, 1.5
# The simulator's stamps are near enough to the machine's time.
IN_TIME_S = 0.01
SAMPLES = 10
ANSWER_S = 1.0


class FaultCell(CellBench):
    """A cell whose arm is set in motion, to be stopped by a fault.

    ``false_stops``: how often it was stopped before any fault was made.
    """

    false_stops = 0

    def fault_of_sim(self, **values: Any) -> None:
        self.set_parameters("sim_node", **{f"fault_{name}": v for name, v in values.items()})

    def keep_time(self) -> None:
        """Let the simulator stamp with the machine's time, as far as it is off."""
        enough = SAMPLES
        self.until(lambda: len(self.heard["robot/joint_states"]) > enough, "joints", START_S)
        if self._simulated:
            self.jump(-self._jump_s)
            return
        while abs(self._behind_s()) > IN_TIME_S:
            self.jump(self._behind_s())
            heard = len(self.heard["robot/joint_states"]) + 2 * SAMPLES
            self.until(lambda n=heard: len(self.heard["robot/joint_states"]) > n, "joint states")

    def jump(self, seconds: float) -> None:
        """Set the simulator's clock ahead or back."""
        self._jump_s += seconds
        self.fault_of_sim(clock_jump_s=self._jump_s)

    def _behind_s(self) -> float:
        """Return how far the simulator's stamps are behind; the least of the last ones is true."""
        wall_s = time.time() - time.monotonic()
        latest = self.heard["robot/joint_states"][-SAMPLES:]
        return min(at_s + wall_s - stamp_to_s(msg.header.stamp) for at_s, msg in latest)

    def begin_motion(self) -> float:
        """Bring the arm into motion and return when that began; every fault is ended before.

        A stop before any fault was made, as on a machine that is too busy, is counted and repeated.
        """
        for _ in range(LEAD_IN_TRIES):
            self.release()
            begun_s = time.monotonic()
            self._send_goal(begun_s)
            if self._moves(begun_s):
                return begun_s
            self.false_stops += 1
        raise AssertionError(f"the arm did not move: {self.story()}")

    def release(self) -> None:
        """End every fault, start what died, open the gate."""
        self.end_faults()

        def is_open() -> bool:
            if not self.gate.running:
                self.start_gate()
            if not self.policy.running:
                self.start_policy()
            if self.gate_state is not GateState.READY:
                self.keep_time()  # a simulator that stalled is behind
            if self.gate_state is GateState.STOPPED:
                self.call(Trigger, "arm_node/reset_stop", Trigger.Request())
            return self.gate_state is GateState.READY and self.action.server_is_ready()

        self.until(is_open, Told(self.story), START_S)

    def end_faults(self) -> None:
        """Let robot, camera, link and policy be as they should be."""
        self.fault_of_sim(image_drop=0.0, image_freeze=False, image_delay_s=0.0, image_shrink=1)
        self.set_parameters("link_node", fault="")
        self.keep_time()

    def _send_goal(self, begun_s: float) -> None:
        """Send goals until one is taken or commands come.

        The episode before may still be ending; a policy that was started just now may not be
        matched yet, and a goal that nobody hears is never answered.
        """
        wish = Grasp.Goal(max_steps=10_000, max_duration_s=600.0)
        deadline_s = time.monotonic() + START_S
        while time.monotonic() < deadline_s:
            future = self.action.send(wish)
            self._pause(ANSWER_S, future.done)
            answered = future.done() and future.result().accepted
            if answered or self.since("grasp_command", begun_s):
                return
            time.sleep(0.1)
        raise AssertionError(f"no goal was taken: {self.story()}")

    def _pause(self, timeout_s: float, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds, or a time is over."""
        with self._news:
            self._news.wait_for(condition, timeout_s)

    def _moves(self, begun_s: float) -> bool:
        """Wait until the arm moves as commanded; False if it is stopped, or commands cease."""
        wanted, asked_s = max(3, round(LEAD_IN_S * self.rate_hz)), time.monotonic()

        def moves() -> bool:
            speeds = self.heard["robot/joint_states"][-1][1].velocity
            sent = len(self.since("gate/joint_trajectory", begun_s))
            return sent >= wanted and max(map(abs, speeds)) > MOVING_RAD_S

        def ended() -> bool:
            commanded = self.since("grasp_command", begun_s)
            newest_s = commanded[-1][0] if commanded else asked_s
            return self.gate_state is GateState.STOPPED or time.monotonic() - newest_s > QUIET_S

        self.until(lambda: moves() or ended(), Told(self.story), START_S)
        return not ended()
