# SPDX-License-Identifier: Apache-2.0
"""robot.launch.py as a user starts it, before a simulator that goes by the robot's topic names."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from launched import Launched, wait_until
from patience import patience
from processes import NodeProcess, parameters
from rlcg_msgs.action import Grasp
from rlcg_msgs.msg import GateStatus
from ros_bench import RosBench
from sensor_msgs.msg import Image
from trajectory_msgs.msg import JointTrajectory

from rlcg_core.reasons import TerminationReason
from rlcg_policy import profile
from rlcg_record.commands import replay
from rlcg_record.episode_reader import EpisodeReader
from rlcg_ros import qos
from rlcg_ros.goals import GoalClient

pytestmark = pytest.mark.system
ROOT = Path(__file__).resolve().parents[2]
LBR = profile.load(ROOT / "config/profiles/kuka_iiwa_lbr.yaml")
# What stands in the place of a robot: the simulator, by remapping alone.
SIM = ("joint_states", "joint_trajectory", "gripper_command", "image_raw", "camera_info")
REMAPS = [word for name in SIM for word in ("-r", f"{name}:={LBR.topics[name]}")]


@pytest.fixture(autouse=True)
def dds_profile_of_a_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The launch takes our own profile away, which hides robots; tests stay off the network."""
    path = tmp_path / "user_profile.xml"
    shutil.copy(ROOT / "config/fastdds_shm_only.xml", path)
    monkeypatch.setenv("FASTDDS_DEFAULT_PROFILES_FILE", str(path))


@pytest.fixture
def robot(domain: int, tmp_path: Path) -> Iterator[NodeProcess]:
    words = parameters(backend="mock", image_rate_hz=10.0, state_rate_hz=100.0)
    log = tmp_path / "sim.log"
    with NodeProcess("rlcg_sim.sim_node", log, *words, *REMAPS, domain=domain) as process:
        yield process


@pytest.mark.usefixtures("robot")
def test_the_policy_moves_the_robot_of_the_profile(tmp_path: Path, domain: int) -> None:
    words = (
        "profile:=kuka_iiwa_lbr", "camera:=none", "use_sim_time:=true", "speed_scale:=1.0",
        patience(tmp_path), "record:=true", f"bag_directory:={tmp_path / 'bags'}",
    )  # fmt: skip
    with (
        RosBench(domain) as bench,
        Launched(*words, folder=tmp_path, domain=domain, file="robot.launch.py") as launched,
    ):
        bench.listen(JointTrajectory, LBR.topics["joint_trajectory"], qos.COMMAND)
        # The first hold may be sent before the bench is heard of; the gate's state is latched.
        bench.listen(GateStatus, "gate_status", qos.STATUS)
        client = GoalClient(bench.node, Grasp, "policy_node/grasp")
        bench.until(client.server_is_ready, "policy_node", 60.0)
        bench.until(
            lambda: any(m.state == GateStatus.READY for m in bench.received["gate_status"]),
            "open gate",
            20.0,
        )
        recorded = "policy_node/decision"
        bench.until(lambda: bench.node.count_subscribers(recorded) == 1, "recorder", 20.0)
        pictures = LBR.topics["image_raw"]  # for the policy and the recorder
        bench.until(lambda: bench.node.count_subscribers(pictures) == 2, "pictures", 20.0)
        answer = client.send(Grasp.Goal(max_steps=4))
        bench.until(answer.done, "answer")
        result = client.result(answer.result())
        bench.until(result.done, "result", 30.0)
        assert result.result().status == GoalStatus.STATUS_SUCCEEDED, launched.output
        assert result.result().result.termination_reason == TerminationReason.STEP_LIMIT
        sent = bench.received[LBR.topics["joint_trajectory"]]
        assert len(sent) >= 5
        assert {tuple(msg.joint_names) for msg in sent} == {LBR.parameters["joint_names"]}
        ends = [np.array(msg.points[-1].positions) for msg in sent]
        assert np.max(np.abs(ends[2] - ends[0])) > 1e-3
        assert launched.control_c() < 10.0
    assert "Traceback" not in launched.output
    (bag,) = (tmp_path / "bags").glob("episode_*_kuka-iiwa-lbr_*")
    (episode,) = EpisodeReader(bag).episodes()
    assert (len(episode.steps), episode.problems) == (4, [])
    assert replay([str(bag)]) == 0


def test_the_camera_comes_up_with_it(tmp_path: Path, domain: int) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    shutil.copy(ROOT / "docs/images/grasps.png", pictures)
    words = ("profile:=kuka_iiwa_lbr", f"video_device:={pictures}", "framerate:=5.0")
    with (
        RosBench(domain) as bench,
        Launched(*words, folder=tmp_path, domain=domain, file="robot.launch.py") as launched,
    ):
        bench.listen(Image, LBR.topics["image_raw"], qos.IMAGE_READ)
        bench.until(lambda: bench.count(LBR.topics["image_raw"]) > 2, "pictures", 30.0)
        names = {"camera_node", "arm_node", "policy_node"}
        assert wait_until(lambda: names <= set(bench.node.get_node_names()), 20.0), launched.output
        assert launched.control_c() < 10.0
    assert "Traceback" not in launched.output


def test_an_unknown_profile_ends_the_launch_and_lists_the_known(
    tmp_path: Path, domain: int
) -> None:
    words = ("profile:=ur5",)
    with Launched(*words, folder=tmp_path, domain=domain, file="robot.launch.py") as launched:
        assert launched.wait() != 0
    assert "no robot profile 'ur5', expected one of generic_ros2_control" in launched.output
