# SPDX-License-Identifier: Apache-2.0
"""The gripper modes over DDS: numbers, and the two actions of control_msgs."""

from collections.abc import Iterator
from pathlib import Path

import control_msgs_overlay
import numpy as np
import pytest
from mode_cell import ModeCell
from processes import NodeProcess, parameters
from robot_bench import Robot
from std_msgs.msg import Float64MultiArray

from rlcg_core.errors import ConfigError
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.types import Action
from rlcg_ros import qos
from rlcg_ros.outputs.gripper_action import action_type

CLOSE = Action(np.zeros(3), close=True)
OPEN = Action(np.zeros(3), open=True)


def test_positions_drive_the_simulated_jaw(tmp_path: Path) -> None:
    with ModeCell(tmp_path, "joint_trajectory", gripper_mode="joint_positions") as cell:
        cell.listen(Float64MultiArray, "gripper_command", qos.COMMAND)
        cell.send(CLOSE)

        def closed() -> bool:
            state = cell.received["joint_states"][-1]
            return bool(state.position[list(state.name).index("gripper_joint")] < 1e-3)

        cell.until(closed, cell.story("closed jaw"))
        assert list(cell.received["gripper_command"][-1].data) == [0.0]


def test_without_control_msgs_its_modes_are_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "control_msgs", None)
    with pytest.raises(ConfigError, match=r"control_msgs/action/GripperCommand.*apt install"):
        action_type("GripperCommand")


@pytest.fixture
def robot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Robot]:
    for name, value in control_msgs_overlay.environment().items():
        monkeypatch.setenv(name, value)
    with Robot() as made:
        yield made


def arm(mode: str) -> list[str]:
    return parameters(gripper_mode=mode, gripper_max_effort_n=15.0, deadman_s=60.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "goals"),
    [
        ("gripper_command", ["goal 0.0 15.0", "goal 0.085 15.0"]),
        (
            "parallel_gripper_command",
            ["goal ['gripper_joint'] [0.0] [15.0]", "goal ['gripper_joint'] [0.085] [15.0]"],
        ),
    ],
)
def test_an_action_gets_one_goal_per_change_of_the_opening(
    mode: str, goals: list[str], robot: Robot, tmp_path: Path
) -> None:
    server = parameters(parallel=mode.startswith("parallel"))
    with (
        NodeProcess("gripper_server", tmp_path / "jaw.log", *server) as jaw,
        NodeProcess("rlcg_policy.arm_node", tmp_path / "arm.log", *arm(mode)),
    ):
        robot.ready()
        for action in (CLOSE, Action.hold(), OPEN):
            robot.await_new("joint_trajectory", lambda a=action: robot.send(robot.message(a)))
        robot.until(lambda: len(jaw.output.splitlines()) >= 2, "goals")
        assert jaw.output.splitlines() == goals


@pytest.mark.slow
def test_a_gripper_controller_of_another_type_is_not_activated(
    robot: Robot, tmp_path: Path
) -> None:
    with (
        NodeProcess("gripper_server", tmp_path / "jaw.log", *parameters(parallel=True)),
        NodeProcess("rlcg_policy.arm_node", tmp_path / "arm.log", *arm("gripper_command")),
    ):
        robot.until(
            lambda: any(s.reason == GateReason.WRONG_ROBOT for s in robot.received["gate_status"]),
            "complaint",
        )
        status = robot.received["gate_status"][-1]
        assert status.state == GateState.INACTIVE
        assert "no action server gripper_cmd of type control_msgs/action/GripperCommand" in (
            status.text
        )
