# SPDX-License-Identifier: Apache-2.0
"""What the viewers' files ask for, held against the graph as it is launched."""

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from launched import Launched
from rclpy.qos import ReliabilityPolicy
from rlcg_msgs.action import Grasp
from ros_bench import RosBench
from sensor_msgs.msg import CameraInfo, Image
from visualization_msgs.msg import MarkerArray

from rlcg_record.record_parameters import TOPICS
from rlcg_ros import qos
from rlcg_ros.goals import GoalClient
from rlcg_ros.raw_topics import message_class

pytestmark = pytest.mark.system
ROOT = Path(__file__).resolve().parents[2]
RVIZ = {
    "rviz_default_plugins/Image": "sensor_msgs/msg/Image",
    "rviz_default_plugins/MarkerArray": "visualization_msgs/msg/MarkerArray",
}
# Of command modes that are not on, of compressed pictures, and of a mobile base.
ELSEWHERE = {"target_twist", "target_pose", "joint_positions", "image_raw/compressed"}
ELSEWHERE |= {"cmd_vel", "odom", "base_status"}
MARKERS = ("policy_node/cem_markers", "policy_node/cem_samples")


class Cell:
    """A launched mock cell in which a grasp is going on, and a bench that watches."""

    def __init__(self, bench: RosBench, launched: Launched) -> None:
        self.bench, self.launched = bench, launched

    def types(self) -> dict[str, str]:
        """Return the type by topic of all that has a publisher."""
        found = self.bench.node.get_topic_names_and_types()
        published = self.bench.node.count_publishers
        return {name: kinds[0] for name, kinds in found if published(name)}


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    folder = tmp_path_factory.mktemp("cell")
    domain = int(os.environ["ROS_DOMAIN_ID"])
    words = ("backend:=mock", "evaluate:=false", "lockstep:=false", "rate_hz:=10")
    with RosBench(domain) as bench, Launched(*words, folder=folder, domain=domain) as launched:
        for topic in MARKERS:
            bench.listen(MarkerArray, topic, qos.COMMAND)
        bench.listen(Image, "image_raw", qos.IMAGE_READ)
        bench.listen(CameraInfo, "camera_info", qos.IMAGE_READ)
        client = GoalClient(bench.node, Grasp, "policy_node/grasp")
        bench.until(client.server_is_ready, "policy_node", 60.0)
        grasp(bench, client)
        bench.until(lambda: all(map(bench.count, MARKERS)), "markers", 60.0)
        yield Cell(bench, launched)
        launched.control_c()


def grasp(bench: RosBench, client: GoalClient) -> None:
    """Have a grasp made, by a node that may not be active yet."""
    while True:
        sent = client.send(Grasp.Goal(seed=4))
        bench.until(sent.done, "answer")
        if sent.result().accepted:
            break
        time.sleep(0.2)
    result = client.result(sent.result())
    bench.until(result.done, "result", 60.0)


def test_every_recorded_topic_is_published(cell: Cell) -> None:
    wanted = {f"/{topic.lstrip('/')}" for topic in TOPICS if topic not in ELSEWHERE}
    assert wanted <= set(cell.types())


def test_rviz_shows_topics_of_the_right_type_and_reliability(cell: Cell) -> None:
    manager = yaml.safe_load((ROOT / "config/rlcg.rviz").read_text())["Visualization Manager"]
    shown = [item for item in manager["Displays"] if "Topic" in item]
    assert len(shown) == 3
    for item in shown:
        topic = item["Topic"]
        assert cell.types()[topic["Value"]] == RVIZ[item["Class"]]
        if topic["Reliability Policy"] == "Reliable":
            offers = cell.bench.node.get_publishers_info_by_topic(topic["Value"])
            reliable = {offer.qos_profile.reliability for offer in offers}
            assert reliable == {ReliabilityPolicy.RELIABLE}
    assert manager["Global Options"]["Fixed Frame"] == marker_frames(cell)


def test_foxglove_shows_topics_and_fields_that_exist(cell: Cell) -> None:
    panels = json.loads((ROOT / "config/foxglove_layout.json").read_text())["configById"]
    types = cell.types()
    camera, cem = panels["Image!camera"], panels["3D!cem"]
    assert types[camera["imageMode"]["imageTopic"]] == "sensor_msgs/msg/Image"
    assert types[camera["imageMode"]["calibrationTopic"]] == "sensor_msgs/msg/CameraInfo"
    assert {types[topic] for topic in cem["topics"]} == {"visualization_msgs/msg/MarkerArray"}
    assert set(cem["topics"]) == {f"/{topic}" for topic in MARKERS}
    assert cem["followTf"] == marker_frames(cell)
    assert types[panels["RawMessages!decision"]["topicPath"]] == "rlcg_msgs/msg/Decision"
    health = panels["DiagnosticSummary!health"]["topicToRender"]
    assert types[health] == "diagnostic_msgs/msg/DiagnosticArray"
    for path in paths(panels):
        topic, field = re.fullmatch(r"(/[a-z_/]+)\.([a-z_]+)(?:\[:\])?", path).groups()  # type: ignore[union-attr]
        assert field in message_class(types[topic]).get_fields_and_field_types(), path  # type: ignore[attr-defined]


def test_pictures_and_their_calibration_name_one_optical_frame(cell: Cell) -> None:
    pictures = {msg.header.frame_id for msg in cell.bench.received["image_raw"]}
    told = {msg.header.frame_id for msg in cell.bench.received["camera_info"]}
    assert pictures == told
    assert len(pictures) == 1
    assert pictures.pop().endswith("_optical_frame")


def marker_frames(cell: Cell) -> str:
    """Return the one frame that all markers are given in."""
    frames = {
        marker.header.frame_id
        for topic in MARKERS
        for msg in cell.bench.received[topic]
        for marker in msg.markers
    }
    (frame,) = frames
    return str(frame)


def paths(panels: dict[str, Any]) -> list[str]:
    """Return the message paths of the plots."""
    plots = [panel for name, panel in panels.items() if name.startswith(("Plot", "State"))]
    found = [path["value"] for panel in plots for path in panel["paths"]]
    assert len(found) >= 6
    return found
