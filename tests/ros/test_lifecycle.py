# SPDX-License-Identifier: Apache-2.0
"""Lifecycle, parameters and process rules of the nodes, seen from outside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import GetState
from processes import NodeProcess, parameters
from rcl_interfaces.srv import DescribeParameters, SetParameters
from rclpy.parameter import Parameter
from robot_bench import HOME, Robot

from rlcg_core.reasons import GateState
from rlcg_policy.arm_parameters import ArmParameters


@pytest.fixture
def robot() -> Iterator[Robot]:
    with Robot() as made:
        yield made


def change(robot: Robot, transition: int) -> bool:
    return robot.change_state("arm_node", transition)


def state(robot: Robot) -> int:
    return int(robot.call(GetState, "arm_node/get_state", GetState.Request()).current_state.id)


def test_a_manager_takes_the_gate_through_its_states(robot: Robot, tmp_path: Path) -> None:
    with NodeProcess("rlcg_policy.arm_node", tmp_path / "log", *parameters(autostart=False)):
        assert state(robot) == State.PRIMARY_STATE_UNCONFIGURED
        assert change(robot, Transition.TRANSITION_CONFIGURE)
        robot.send(robot.message())
        for _ in range(2):
            assert change(robot, Transition.TRANSITION_ACTIVATE)
            robot.await_state(GateState.READY)
            robot.episode += 1
            moving = robot.await_new("joint_trajectory", lambda: robot.send(robot.message()))
            assert not np.allclose(robot.sent_joints(moving), HOME)
            before = robot.count("joint_trajectory")
            assert change(robot, Transition.TRANSITION_DEACTIVATE)
            robot.until(lambda n=before: robot.count("joint_trajectory") == n + 1, "hold")
            hold = robot.received["joint_trajectory"][-1]
            np.testing.assert_allclose(robot.sent_joints(hold), HOME, atol=1e-12)
            robot.await_state(GateState.INACTIVE)
            robot.send(robot.message())
            time.sleep(0.2)
            assert robot.count("joint_trajectory") == before + 1
        assert change(robot, Transition.TRANSITION_CLEANUP)
        assert state(robot) == State.PRIMARY_STATE_UNCONFIGURED
        assert change(robot, Transition.TRANSITION_CONFIGURE)
        assert state(robot) == State.PRIMARY_STATE_INACTIVE


def test_a_failed_configuration_stays_unconfigured_and_says_why(
    robot: Robot, tmp_path: Path
) -> None:
    arguments = parameters(autostart=False, tool_frame="hand")
    with NodeProcess("rlcg_policy.arm_node", tmp_path / "log", *arguments) as process:
        assert not change(robot, Transition.TRANSITION_CONFIGURE)
        assert state(robot) == State.PRIMARY_STATE_UNCONFIGURED
        assert "lacks ['hand']" in process.output
        assert "Traceback" not in process.output


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"tool_frame": "hand"}, "lacks ['hand']"),
        ({"urdf": "robot.urdf"}, "no robot description at robot.urdf"),
        ({"workspace_low_m": "[0.9,0.0,0.0]"}, "is no box"),
        ({"home_rad": "[0.0,0.0]"}, "home_rad has 2 numbers"),
        ({"deadman_s": 0.0}, "parameter deadman_s is 0.0, expected within"),
        ({"max_step_m": 0.5}, "parameter max_step_m is 0.5, expected within"),
    ],
)
def test_settings_that_cannot_work_end_the_gate_with_one_error(
    tmp_path: Path, values: dict[str, object], text: str
) -> None:
    with NodeProcess("rlcg_policy.arm_node", tmp_path / "log", *parameters(**values)) as process:
        assert process.wait(20.0) in (1, 2)
        assert text in process.output
        assert process.output.strip().splitlines()[-1].startswith("error: ")
        assert "Traceback" not in process.output


def test_every_parameter_is_described_and_limits_cannot_be_changed_at_run_time(
    robot: Robot, tmp_path: Path
) -> None:
    names = list(ArmParameters.__dataclass_fields__)
    with NodeProcess("rlcg_policy.arm_node", tmp_path / "log"):
        robot.ready()
        described = robot.call(
            DescribeParameters,
            "arm_node/describe_parameters",
            DescribeParameters.Request(names=names),
        ).descriptors
        assert [d.name for d in described] == names
        assert all(d.description for d in described)
        deadman = described[names.index("deadman_s")]
        assert deadman.floating_point_range[0].from_value == 0.05
        wider = Parameter("max_step_m", value=0.05).to_parameter_msg()
        request = SetParameters.Request(parameters=[wider])
        answer = robot.call(SetParameters, "arm_node/set_parameters", request)
        assert not answer.results[0].successful


def test_sigint_works_where_it_was_ignored_at_the_start(robot: Robot, tmp_path: Path) -> None:
    """As after ``node &`` in a script."""
    process = subprocess.Popen(
        ["sh", "-c", 'trap "" INT; exec "$0" -m rlcg_policy.arm_node', sys.executable],
        stdin=subprocess.DEVNULL,
        env=dict(os.environ),
    )
    try:
        robot.ready()
        process.send_signal(signal.SIGINT)
        assert process.wait(3.0) == 0
    finally:
        process.kill()
        process.wait()


def test_arguments_that_ros_refuses_are_one_line(tmp_path: Path) -> None:
    with NodeProcess("rlcg_policy.arm_node", tmp_path / "log", "--nonsense") as process:
        assert process.wait(20.0) == 2
        assert process.output.startswith("error: ROS cannot start: ")
        assert len(process.output.strip().splitlines()) == 1
