# SPDX-License-Identifier: Apache-2.0
"""policy_node with its policy put behind a stand-in that keeps the arm moving and fails on request.

Everything else is the node that is shipped. Parameter ``fault``: one of `FAULTS`.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from rclpy.parameter import Parameter

from rlcg_core.errors import InputError
from rlcg_core.types import Action, Decision, Observation
from rlcg_policy.policy_node import PolicyNode
from rlcg_ros.run import run

FAULTS = ("", "error", "defect", "stall")
STALL_S = 2.0
STEP_M, NEAR_M = 0.02, 0.03
# Corners of the way that the tool goes round, in the base frame [m].
CORNERS_XY_M = np.array([[0.50, -0.10], [0.64, -0.10], [0.64, 0.10], [0.50, 0.10]])


class SweepingPolicy:
    """`rlcg_core.ports.Policy` around the real one, whose decisions it makes go round for ever."""

    def __init__(self, inner: Any, fault: Callable[[], str]) -> None:
        self._inner, self._fault, self._corner = inner, fault, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def decide(self, observation: Observation) -> Decision:
        """Decide as the real one, which takes its time, and go on along the way instead."""
        fault = self._fault()
        if fault == "error":
            raise InputError("the graph failed, as the test asked for")
        if fault == "defect":
            raise ZeroDivisionError("a defect of the program, as the test asked for")
        if fault == "stall":
            time.sleep(STALL_S)
        decision = self._inner.decide(observation)
        return replace(decision, action=self._next_step(observation.tool_pose.position_m))

    def _next_step(self, tool_m: np.ndarray) -> Action:
        way_m = CORNERS_XY_M[self._corner] - tool_m[:2]
        if np.linalg.norm(way_m) < NEAR_M:
            self._corner = (self._corner + 1) % len(CORNERS_XY_M)
            way_m = CORNERS_XY_M[self._corner] - tool_m[:2]
        step_m = STEP_M * way_m / np.linalg.norm(way_m)
        return Action(np.array([*step_m, 0.0]))


class StuntPolicyNode(PolicyNode):
    """policy_node that fails when parameter ``fault`` says so."""

    def setup(self) -> None:
        """Set up as always, then put the stand-in before the policy."""
        super().setup()
        self.declare_parameter("fault", "")
        self._policy = SweepingPolicy(self._policy, self._take_fault)

    def _take_fault(self) -> str:
        """Return the fault that is asked for, once."""
        fault = str(self.get_parameter("fault").value)
        if fault:
            self.set_parameters([Parameter("fault", value="")])
        return fault


if __name__ == "__main__":
    sys.exit(run(StuntPolicyNode))
