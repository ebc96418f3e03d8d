# SPDX-License-Identifier: Apache-2.0
"""gripper_mode gripper_command and parallel_gripper_command: the actions of control_msgs.

control_msgs comes with an installed ROS 2, not with the wheels, so it is imported when it is asked
for. A jaw that stalls on an object has done what it should: the result is not looked at, the jaw's
measured opening is.
"""

import importlib
from typing import Any

from rclpy.action import ActionClient
from rclpy.lifecycle import LifecycleNode
from rclpy.task import Future

from rlcg_core.errors import ConfigError
from rlcg_core.gate_checks import GateError
from rlcg_core.reasons import GateReason

ACTION = "gripper_cmd"
# Openings nearer to each other than this are the same goal.
SAME_M = 5e-4


def action_type(name: str) -> Any:
    """Return action ``name`` of control_msgs; raises `ConfigError` where it is not installed."""
    try:
        return getattr(importlib.import_module("control_msgs.action"), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"control_msgs/action/{name} cannot be used ({error}), expected ROS package "
            "control_msgs: install it (apt install ros-$ROS_DISTRO-control-msgs), or set "
            "gripper_mode to joint_trajectory or joint_positions"
        ) from error


class ActionGripper:
    """`rlcg_core.outputs.GripperOutput` as one of the two actions on ``gripper_cmd``.

    A goal goes out when the opening changes; while it is carried out, the same one is not repeated.
    """

    def __init__(
        self, node: LifecycleNode, joint_name: str, max_effort_n: float, parallel: bool
    ) -> None:
        self._node, self._joint_name, self._effort_n = node, joint_name, max_effort_n
        self._parallel = parallel
        self._type = action_type("ParallelGripperCommand" if parallel else "GripperCommand")
        self._client = ActionClient(node, self._type, ACTION)
        self._sent_m = float("nan")

    def check_ready(self) -> None:
        """Raise `GateError` if no action server of this type is there."""
        if not self._client.server_is_ready():
            raise GateError(
                GateReason.WRONG_ROBOT,
                f"no action server {ACTION} of type control_msgs/action/{self._type.__name__}, "
                "expected the gripper's controller: start it, remap the action, or set "
                "gripper_mode to the type that it has",
            )

    def move(self, opening_m: float, duration_s: float) -> None:
        """Send a goal if the opening is another one than before."""
        if abs(opening_m - self._sent_m) < SAME_M:
            return
        self._sent_m = opening_m
        answer = self._client.send_goal_async(self._goal(opening_m))
        answer.add_done_callback(self._note_answer)

    def flush(self, timeout_s: float) -> None:
        """Do nothing: an action's goal is a request that was sent reliably."""

    def close(self) -> None:
        """Release the client."""
        self._client.destroy()

    def _goal(self, opening_m: float) -> Any:
        goal = self._type.Goal()
        if self._parallel:
            goal.command.name, goal.command.position = [self._joint_name], [opening_m]
            goal.command.effort = [self._effort_n]
        else:
            goal.command.position, goal.command.max_effort = opening_m, self._effort_n
        return goal

    def _note_answer(self, answer: Future) -> None:
        if not answer.result().accepted:
            self._sent_m = float("nan")  # the next motion asks again
            self._node.get_logger().error("the gripper's controller rejected an opening")
