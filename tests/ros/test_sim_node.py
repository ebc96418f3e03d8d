# SPDX-License-Identifier: Apache-2.0
"""sim_node as a real process: topics, lock-step, real time, services, faults."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from processes import NodeProcess, parameters
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rlcg_msgs.srv import GetOutcome, ResetWorld
from ros_bench import RosBench
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import Outcome, WorldReason
from rlcg_core.types import ArmTrajectory
from rlcg_ros import qos
from rlcg_ros.conversions import (
    camera_from_info,
    image_from_msg,
    joints_from_msg,
    stamp_to_s,
    trajectory_to_msg,
)
from rlcg_ros.run import WATCH_S

HOME = np.array(ROBOT1.arm.home_rad)
JAW = ROBOT1.gripper


class Listener(RosBench):
    """Hears what a robot cell publishes, and commands it."""

    def __init__(self) -> None:
        super().__init__()
        self.listen(Image, "image_raw", qos.IMAGE_READ)
        self.listen(CameraInfo, "camera_info", qos.IMAGE_READ)
        self.listen(JointState, "joint_states", qos.JOINT_STATES_READ)
        self.listen(Clock, "/clock", qos.CLOCK)
        self.listen(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        self._arm = self.node.create_publisher(JointTrajectory, "joint_trajectory", qos.COMMAND)
        self._jaw = self.node.create_publisher(JointTrajectory, "gripper_command", qos.COMMAND)

    def ready(self) -> None:
        self.until(lambda: self._jaw.get_subscription_count() > 0, "simulator")
        self.until(lambda: self.count("image_raw") > 0, "image")

    def command_arm(self, target: np.ndarray, duration_s: float = 0.4) -> None:
        trajectory = ArmTrajectory(target[None], np.array([duration_s]))
        self._arm.publish(trajectory_to_msg(trajectory, ROBOT1.arm.joint_names))

    def command_jaw(self, opening_m: float, duration_s: float = 0.4) -> None:
        trajectory = ArmTrajectory(np.array([[opening_m]]), np.array([duration_s]))
        self._jaw.publish(trajectory_to_msg(trajectory, (JAW.joint_name,)))

    @property
    def image_stamp_s(self) -> float:
        return stamp_to_s(self.received["image_raw"][-1].header.stamp)

    @property
    def clock_s(self) -> float:
        return stamp_to_s(self.received["/clock"][-1].clock)

    @property
    def arm_rad(self) -> np.ndarray:
        return joints_from_msg(self.received["joint_states"][-1]).pick(ROBOT1.arm.joint_names)

    def set(self, **values: object) -> list[bool]:
        changes = [Parameter(n, value=v).to_parameter_msg() for n, v in values.items()]
        request = SetParameters.Request(parameters=changes)
        return [
            r.successful
            for r in self.call(SetParameters, "sim_node/set_parameters", request).results
        ]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as made:
        yield made


def start(tmp_path: Path, **values: object) -> NodeProcess:
    arguments = parameters(**({"backend": "mock"} | values))
    return NodeProcess("rlcg_sim.sim_node", tmp_path / "log", *arguments)


@pytest.fixture
def lockstep(tmp_path: Path) -> Iterator[NodeProcess]:
    with start(tmp_path, lockstep=True) as process:
        yield process
        assert process.end() < 3.0
        assert process.wait() == 0
        assert "Traceback" not in process.output


@pytest.fixture
def real_time(tmp_path: Path) -> Iterator[NodeProcess]:
    with start(tmp_path, image_rate_hz=10.0) as process:
        yield process
        assert process.end(signal.SIGTERM) < 3.0


@pytest.mark.usefixtures("lockstep")
def test_lock_step_advances_once_per_pair_of_commands(listener: Listener) -> None:
    listener.ready()
    before_s = listener.image_stamp_s
    listener.command_arm(HOME + 0.1)
    time.sleep(0.3)
    assert listener.clock_s == before_s
    listener.command_jaw(0.0, 0.5)
    listener.until(lambda: listener.image_stamp_s > before_s, "image of the next step")
    assert listener.image_stamp_s == pytest.approx(before_s + 0.5, abs=0.006)
    assert listener.clock_s == listener.image_stamp_s
    listener.until(lambda: bool(np.allclose(listener.arm_rad, HOME + 0.1)), "arm at its target")
    time.sleep(0.3)
    assert listener.clock_s == listener.image_stamp_s


@pytest.mark.usefixtures("lockstep")
def test_lock_step_tells_late_joiners_the_same_picture_again(listener: Listener) -> None:
    listener.ready()
    listener.until(lambda: listener.count("image_raw") >= 3, "repeated image")
    first, last = listener.received["image_raw"][0], listener.received["image_raw"][-1]
    assert first.header.stamp == last.header.stamp
    np.testing.assert_array_equal(image_from_msg(first), image_from_msg(last))
    info = listener.received["camera_info"][-1]
    assert info.header == last.header
    camera = camera_from_info(info, ROBOT1.camera.transform_camera_to_base)
    np.testing.assert_array_equal(camera.intrinsics_px, ROBOT1.camera.intrinsics_px)
    assert last.header.frame_id == ROBOT1.camera.frame_id


@pytest.mark.usefixtures("lockstep")
def test_commands_that_a_controller_would_ignore_change_nothing(listener: Listener) -> None:
    listener.ready()
    before_s = listener.clock_s
    wrong = ArmTrajectory(np.zeros((1, 1)), np.array([0.4]))
    listener._arm.publish(trajectory_to_msg(wrong, ("elbow",)))
    listener.command_arm(np.full(7, np.nan))
    listener.command_jaw(0.0)
    time.sleep(0.4)
    assert listener.clock_s == before_s


@pytest.mark.usefixtures("lockstep")
def test_services_reset_judge_pause_and_step(listener: Listener) -> None:
    listener.ready()
    first = image_from_msg(listener.received["image_raw"][-1]).copy()
    answer = listener.call(ResetWorld, "sim_node/reset", ResetWorld.Request(seed=5))
    assert (answer.reason, answer.renderer, len(answer.object_names)) == (WorldReason.OK, "mock", 5)
    listener.until(
        lambda: not np.array_equal(image_from_msg(listener.received["image_raw"][-1]), first),
        "picture of the new scene",
    )
    rest = ResetWorld.Request(seed=6, count=3, objects_seed=9, without=[0, 1])
    assert len(listener.call(ResetWorld, "sim_node/reset", rest).object_names) == 3
    assert listener.call(GetOutcome, "sim_node/outcome", GetOutcome.Request()).target == 2
    elsewhere = ResetWorld.Request(seed=6, placement="left")
    refused = listener.call(ResetWorld, "sim_node/reset", elsewhere)
    assert (refused.reason, "robot2" in refused.text) == (WorldReason.NOT_SUPPORTED, True)
    bad = listener.call(ResetWorld, "sim_node/reset", ResetWorld.Request(objects="bananas"))
    assert bad.reason == WorldReason.UNKNOWN_OBJECTS
    assert "procedural_test" in bad.text
    outcome = listener.call(GetOutcome, "sim_node/outcome", GetOutcome.Request())
    assert outcome.outcome == Outcome.FAILURE
    assert not listener.call(Trigger, "sim_node/step", Trigger.Request()).success
    assert listener.call(SetBool, "sim_node/pause", SetBool.Request(data=True)).success
    before_s = listener.clock_s
    listener.command_arm(HOME)
    listener.command_jaw(0.0)
    time.sleep(0.2)
    assert listener.clock_s == before_s
    assert listener.call(Trigger, "sim_node/step", Trigger.Request()).success
    listener.until(lambda: listener.clock_s > before_s, "step")
    assert listener.clock_s == pytest.approx(before_s + 1.0 / ROBOT1.control_rate_hz, abs=0.006)
    stepped_s = listener.clock_s
    assert listener.call(SetBool, "sim_node/pause", SetBool.Request(data=False)).success
    listener.until(lambda: listener.clock_s > stepped_s, "the waiting commands' step")


@pytest.mark.usefixtures("lockstep")
def test_faults_can_be_switched_while_it_runs(listener: Listener) -> None:
    listener.ready()
    assert listener.set(fault_image_encoding="yuv422", fault_image_shrink=2) == [True, True]
    listener.until(lambda: listener.received["image_raw"][-1].encoding == "yuv422", "lie")
    assert (
        listener.received["image_raw"][-1].width,
        listener.received["image_raw"][-1].height,
    ) == (
        320,
        256,
    )
    listener.set(fault_image_encoding="", fault_image_shrink=1, fault_clock_jump_s=100.0)
    listener.until(lambda: listener.clock_s >= 100.0, "jump of the clock")
    listener.until(lambda: listener.image_stamp_s >= 100.0, "jump of the image's stamp")
    listener.set(fault_clock_jump_s=0.0, fault_image_drop=1.0, fault_joints_silent=True)
    time.sleep(0.3)
    images, states = listener.count("image_raw"), listener.count("joint_states")
    time.sleep(0.8)
    assert (listener.count("image_raw"), listener.count("joint_states")) == (images, states)
    listener.until(
        lambda: any(
            "faults are on: image_drop, joints_silent" in status.message
            for array in listener.received["/diagnostics"]
            for status in array.status
        ),
        "warning in diagnostics",
    )
    assert listener.set(fault_image_drop=2.0) == [False]
    assert listener.set(seed=3) == [False]


@pytest.mark.usefixtures("real_time")
def test_real_time_keeps_up_with_the_wall_clock(listener: Listener) -> None:
    listener.ready()
    begun_s, clock_s, images = time.monotonic(), listener.clock_s, listener.count("image_raw")
    listener.command_arm(HOME + 0.1, 0.5)
    time.sleep(2.0)
    passed_s = time.monotonic() - begun_s
    assert listener.clock_s - clock_s == pytest.approx(passed_s, rel=0.15)
    assert (listener.count("image_raw") - images) / passed_s == pytest.approx(10.0, rel=0.3)
    np.testing.assert_allclose(listener.arm_rad, HOME + 0.1)
    stamps = [stamp_to_s(image.header.stamp) for image in listener.received["image_raw"]]
    assert np.all(np.diff(stamps) > 0.0)


@pytest.mark.usefixtures("real_time")
def test_a_frozen_and_a_late_camera(listener: Listener) -> None:
    listener.ready()
    first = listener.received["image_raw"][-1]
    listener.set(fault_image_freeze=True)
    listener.command_arm(HOME + 0.3, 0.3)
    time.sleep(0.8)
    last = listener.received["image_raw"][-1]
    assert stamp_to_s(last.header.stamp) > stamp_to_s(first.header.stamp)
    np.testing.assert_array_equal(image_from_msg(first), image_from_msg(last))
    listener.set(fault_image_freeze=False, fault_image_delay_s=0.5)
    time.sleep(1.2)
    assert listener.clock_s - listener.image_stamp_s > 0.4


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"backend": "robot"}, "error: parameter backend is 'robot', expected one of"),
        ({"urdf": "nowhere.urdf"}, "error: no robot description at nowhere.urdf"),
        ({"colour": "red"}, "error: there is no parameter colour, there are: "),
        ({"seed": "-1"}, "error: parameter seed is -1, expected within"),
    ],
)
def test_a_users_mistake_is_one_line(tmp_path: Path, values: dict[str, object], text: str) -> None:
    with start(tmp_path, **values) as process:
        assert process.wait(20.0) in (1, 2)
        lines = [line for line in process.output.splitlines() if line.strip()]
        assert len(lines) == 1, process.output
        assert lines[0].startswith(text)


def test_a_second_node_of_the_name_is_refused(listener: Listener, tmp_path: Path) -> None:
    with start(tmp_path, lockstep=True) as first:
        listener.ready()
        log = tmp_path / "second"
        arguments = parameters(backend="mock")
        with NodeProcess("rlcg_sim.sim_node", log, *arguments) as second:
            assert second.wait(20.0) == 2
            line = second.output.strip().splitlines()[-1]
            assert line.startswith("error: a node /sim_node runs on ROS domain")
            assert "ROS_DOMAIN_ID" in line
            assert "Traceback" not in second.output
        time.sleep(WATCH_S)
        assert first.running
