# SPDX-License-Identifier: Apache-2.0
"""The launch file as a user starts it: runs, reports, ends, and what it says to wrong arguments."""

import json
import os
import time
from pathlib import Path

import pytest
import rclpy
import tiny_model
from launched import Launched, wait_until
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile
from rlcg_msgs.msg import GraspCommand
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from rlcg_bringup.minilaunch.finder import real_launch_installed

pytestmark = pytest.mark.system

REPORT_KEYS = {
    "grasps",
    "successes",
    "success_rate",
    "interval_95",
    "step_ms_median",
    "image_to_command_ms_median",
    "model",
    "objects",
    "seed",
    "commit",
}
# The real `ros2 launch` ends with 0 even when a node died.
REAL = real_launch_installed()


def test_mock_runs_and_reports(tmp_path: Path, domain: int) -> None:
    words = ("backend:=mock", "grasps:=2", "seed:=3", f"run_directory:={tmp_path / 'runs'}")
    with Launched(*words, folder=tmp_path, domain=domain) as launched:
        assert launched.wait() == 0, launched.output
        assert not launched.processes()
    report = json.loads((tmp_path / "runs/latest/report.json").read_text())
    assert set(report) >= REPORT_KEYS
    assert report["grasps"] == 2
    assert report["seed"] == 3
    low, high = report["interval_95"]
    assert 0.0 <= low <= report["success_rate"] <= high <= 1.0
    assert "Traceback" not in launched.output


def test_the_base_of_robot2_drives_to_its_place_before_each_grasp(
    tmp_path: Path, domain: int
) -> None:
    tiny_model.write(tmp_path / "tiny")
    words = ("robot:=robot2", "backend:=mock", "grasps:=2", f"model:={tmp_path / 'tiny'}")
    with Launched(*words, folder=tmp_path, domain=domain) as launched:
        assert launched.wait() == 0, launched.output
        assert not launched.processes()
    report = json.loads((tmp_path / "runs/latest/report.json").read_text())
    assert (report["robot"], report["objects"]) == ("robot2", "household_test")
    assert report["successes"] == 2, launched.output
    assert "Traceback" not in launched.output


def test_a_namespace_holds_the_whole_graph(tmp_path: Path, domain: int) -> None:
    words = ("backend:=mock", "grasps:=1", "namespace:=cell_1")
    with Launched(*words, folder=tmp_path, domain=domain) as launched:
        assert launched.wait() == 0, launched.output
    assert json.loads((tmp_path / "runs/latest/report.json").read_text())["grasps"] == 1


def test_remapped_topics_carry_the_loop(tmp_path: Path, domain: int) -> None:
    words = (
        "backend:=mock",
        "grasps:=1",
        "image_raw_topic:=/camera/colour",
        "joint_states_topic:=/lbr/joint_states",
        "joint_trajectory_topic:=/lbr/joint_trajectory_controller/joint_trajectory",
        "gripper_command_topic:=/gripper/command",
        "grasp_command_topic:=decisions",
    )
    with Launched(*words, folder=tmp_path, domain=domain) as launched:
        assert launched.wait() == 0, launched.output


@pytest.mark.parametrize("moment", ["at once", "processes started", "ready", "grasping"])
def test_control_c_ends_everything_within_3_s(moment: str, tmp_path: Path, domain: int) -> None:
    words = ("backend:=mock", "grasps:=10000")
    with Launched(*words, folder=tmp_path, domain=domain) as launched:
        if moment == "processes started":
            launched.wait_for("[evaluate_node-4]: process started")
        elif moment == "ready":
            launched.wait_for("[sim_node-1]", 30.0)
        elif moment == "grasping":
            assert wait_until(lambda: grasps_told(launched) >= 2, 60.0), launched.output
        else:
            # The interpreter runs: before that, there is nobody to be interrupted.
            launched.wait_for("", 10.0)
        took_s = launched.control_c()
    assert took_s <= 3.0, launched.output
    assert launched.wait() == 130 or REAL
    # The real launch sends SIGINT to nodes that are still loading, which then show where they were.
    assert REAL or "Traceback" not in launched.output


def grasps_told(launched: Launched) -> int:
    """Return how many lines evaluate_node printed."""
    return sum("[evaluate_node" in line for line in list(launched.lines))


def test_control_c_keeps_the_report_of_what_was_done(tmp_path: Path, domain: int) -> None:
    words = ("backend:=mock", "grasps:=10000")
    with Launched(*words, folder=tmp_path, domain=domain) as launched:
        assert wait_until(lambda: grasps_told(launched) >= 4, 60.0), launched.output
        launched.control_c()
    report = json.loads((tmp_path / "runs/latest/report.json").read_text())
    assert 1 <= report["grasps"] < 10000


class Listener:
    """Writes down, in the order of arrival, what goes to the robot and what the robot measures."""

    def __init__(self, domain: int) -> None:
        self.heard: list[tuple[str, object]] = []
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain)
        self._node = rclpy.create_node("listener", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        for topic, kind in (
            ("joint_trajectory", JointTrajectory),
            ("gripper_command", JointTrajectory),
            ("grasp_command", GraspCommand),
            ("joint_states", JointState),
        ):
            self._node.create_subscription(
                kind,
                topic,
                lambda msg, name=topic: self.heard.append((name, msg)),
                QoSProfile(depth=50),
            )

    def listen(self, duration_s: float) -> None:
        """Take in messages for a while."""
        deadline_s = time.monotonic() + duration_s
        while time.monotonic() < deadline_s:
            self._executor.spin_once(timeout_sec=0.02)

    def last(self, *topics: str) -> tuple[str, object]:
        """Return the last message of any of the topics."""
        return next(entry for entry in reversed(self.heard) if entry[0] in topics)

    def close(self) -> None:
        """End the node."""
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)


def under_way(listener: Listener) -> bool:
    """Whether commands flow, and every topic that the test looks at has been found."""
    heard = names(listener)
    found = {"joint_states", "joint_trajectory"} <= set(heard)
    return found and heard.count("grasp_command") >= 5


def test_the_stop_is_the_last_message(tmp_path: Path, domain: int) -> None:
    listener = Listener(domain)
    try:
        # In real time the arm is under way when Ctrl-C comes.
        words = ("backend:=mock", "grasps:=10000", "lockstep:=false")
        with Launched(*words, folder=tmp_path, domain=domain) as launched:
            assert wait_until(lambda: listener.listen(0.1) or under_way(listener), 60.0), (
                launched.output
            )
            begun = len(listener.heard)
            launched.control_c()
            listener.listen(0.5)
    finally:
        listener.close()
    after = [name for name, _ in listener.heard[begun:]]
    assert "joint_trajectory" in after, after
    _, stop = listener.last("joint_trajectory")
    _, measured = listener.last("joint_states")
    position_rad = dict(zip(measured.name, measured.position, strict=True))  # type: ignore[attr-defined]
    for name, target_rad in zip(stop.joint_names, stop.points[-1].positions, strict=True):  # type: ignore[attr-defined]
        assert target_rad == pytest.approx(position_rad[name], abs=0.05)


def names(listener: Listener) -> list[str]:
    return [name for name, _ in listener.heard]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("backend:=moc",), "moc"),
        (("grasps:=many",), "grasps"),
        (("grasps:=0",), "grasps"),
        (("nonsense",), "nonsense"),
        (("params_file:=/no/such/file.yaml",), "/no/such/file.yaml"),
        (("model:=no_such_model",), "no_such_model"),
        (("objects:=no_such_objects",), "no_such_objects"),
        (("namespace:=1st",), "1st"),
    ],
)
def test_a_wrong_argument_is_told_and_nothing_runs_on(
    words: tuple[str, ...], part: str, tmp_path: Path, domain: int
) -> None:
    with Launched("backend:=mock", *words, folder=tmp_path, domain=domain) as launched:
        assert launched.wait(30.0) != 0 or REAL, launched.output
        assert not launched.processes()
    told = [line for line in launched.lines if part in line and "cmd '" not in line]
    assert told, launched.output
    assert "Traceback" not in launched.output


def test_a_dead_node_ends_the_launch_with_its_name(tmp_path: Path, domain: int) -> None:
    with Launched("backend:=mock", "grasps:=10000", folder=tmp_path, domain=domain) as launched:
        assert wait_until(lambda: grasps_told(launched) >= 2, 60.0), launched.output
        line = next(line for line in launched.lines if "[policy_node-3]: process started" in line)
        os.kill(int(line.split("[")[-1].rstrip("]")), 9)
        assert launched.wait(15.0) == 1 or REAL, launched.output
        assert not launched.processes()
    assert any(words in launched.output for words in ("policy_node ended", "[policy_node-3] was"))


def test_a_taken_domain_is_told(tmp_path: Path, domain: int) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    words = ("backend:=mock", "grasps:=10000")
    with Launched(*words, folder=tmp_path / "first", domain=domain) as first:
        assert wait_until(lambda: grasps_told(first) >= 2, 60.0), first.output
        with Launched(*words, folder=tmp_path / "second", domain=domain) as second:
            assert second.wait(30.0) == 1 or REAL, second.output
            assert not second.processes()
        assert first.running, first.output
    assert f"ROS domain {domain}" in second.output
