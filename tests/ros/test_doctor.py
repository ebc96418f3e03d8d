# SPDX-License-Identifier: Apache-2.0
"""`rlcg doctor` beside real nodes: it sees what they do, and says nothing itself."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_model
from geometry_msgs.msg import Twist
from mock_cell import MockCell
from rclpy.qos import qos_profile_sensor_data
from rlcg_msgs.msg import GraspCommand
from ros_bench import RosBench

from rlcg_policy.doctor.command import doctor
from rlcg_policy.doctor.doctor_node import looking

# The doctor judges the whole domain, so its cell shares none with what other tests left behind.
CELL_DOMAIN = 102 + os.getpid() % 10
# For runs without any node, beside the cell that all tests share.
EMPTY_DOMAIN = 222 + os.getpid() % 10
RUNNING = ("nodes", "lifecycle", "gate", "connections", "clock", "calibration", "joints", "model")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny").folder


@pytest.fixture(scope="module", autouse=True)
def own_domain() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_DOMAIN_ID", str(CELL_DOMAIN))
        yield


@pytest.fixture(scope="module")
def cell(
    model: Path, tmp_path_factory: pytest.TempPathFactory, own_domain: None
) -> Iterator[MockCell]:
    """Simulator, gate and policy in lock-step, where a loaded machine is not late."""
    with MockCell(tmp_path_factory.mktemp("cell")) as made:
        made.start_policy(model)
        made.ready()
        yield made


Row = dict[str, str]


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[Row]]:
    """Return exit code and findings of a run."""
    capsys.readouterr()
    code = doctor([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)["findings"]


def of(found: list[Row], check: str, grade: str) -> list[str]:
    return [row["found"] for row in found if (row["check"], row["grade"]) == (check, grade)]


def test_a_cell_in_order_has_no_error(cell: MockCell, capsys: pytest.CaptureFixture[str]) -> None:
    cell.ready()
    code, found = rows(capsys, "--expect-running")
    assert [row for row in found if row["grade"] == "error"] == []
    assert code == 0
    assert [row for row in found if row["check"] in RUNNING and row["grade"] != "ok"] == []
    assert of(found, "nodes", "ok") == ["/arm_node, /policy_node, /sim_node run"]
    assert of(found, "clock", "ok") == ["/sim_node's /clock, which all nodes of ours use"]
    assert of(found, "calibration", "ok") == ["as in the training of tiny"]
    assert len(of(found, "model", "ok")) == 2, "the bundle that policy_node serves is looked at"
    assert any("in lock-step" in text for text in of(found, "camera", "ok"))


def test_faults_of_camera_and_joints_are_named(
    cell: MockCell, capsys: pytest.CaptureFixture[str]
) -> None:
    cell.ready()
    cell.fault(image_encoding="yuv422_yuy2", joints_silent=True)
    code, found = rows(capsys, "--quick", "--listen", "3")
    cell.ready()
    assert code == 1
    assert "encoding is 'yuv422_yuy2'" in "".join(of(found, "camera", "error"))
    assert "/sim_node publishes /joint_states, but nothing came" in of(found, "joints", "error")
    assert "faults are on" in "".join(of(found, "diagnostics", "warning"))


def test_other_publishers_and_types_are_named_with_both_sides(
    cell: MockCell, capsys: pytest.CaptureFixture[str]
) -> None:
    with RosBench() as other:
        other.node.create_publisher(Twist, "joint_trajectory", 1)
        other.node.create_publisher(GraspCommand, "grasp_command", qos_profile_sensor_data)
        code, found = rows(capsys, "--quick", "--listen", "3")
    assert code == 1
    told = "\n".join(of(found, "connections", "error"))
    assert "/bench publishes geometry_msgs/msg/Twist and /sim_node subscribes traj" in told
    assert "/bench publishes best effort, volatile and /arm_node subscribes reliable" in told
    assert "/bench publish on /joint_trajectory too" in of(found, "commands", "error")


def test_it_has_no_publisher_of_its_own(cell: MockCell) -> None:
    with looking("") as look:
        look.first_graph(awaited=(), patience_s=0.0)
        name = f"_rlcg_doctor_{os.getpid()}"

        def seen() -> bool:
            return name in cell.node.get_node_names()

        cell.until(seen, "doctor in the graph")
        told = cell.node.get_publisher_names_and_types_by_node(name, "/")
        assert [topic for topic, _ in told] == ["/parameter_events"]
        assert cell.node.get_service_names_and_types_by_node(name, "/") == []


def test_with_nothing_running_all_is_absent_and_an_error_where_expected(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", str(EMPTY_DOMAIN))
    code, found = rows(capsys, "--quick", "--listen", "0.2")
    assert code == 0
    absent = {row["check"] for row in found if row["grade"] == "absent"}
    assert absent == {"nodes", "camera", "calibration", "joints"}
    code, found = rows(capsys, "--quick", "--listen", "0.2", "--expect-running")
    assert code == 1
    assert {row["check"] for row in found if row["grade"] == "error"} == absent


def test_ros_that_does_not_start_is_a_finding(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "lab")
    code, found = rows(capsys, "--quick")
    assert code == 1
    assert "ROS cannot start" in of(found, "ros", "error")[0]


def test_it_is_a_command_of_rlcg() -> None:
    command = [sys.executable, "-m", "rlcg_bringup.cli", "doctor", "--quick", "--listen", "0.2"]
    environment = {**os.environ, "ROS_DOMAIN_ID": str(EMPTY_DOMAIN)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60.0)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("ok       python: ")
    assert "absent   nodes: /policy_node does not run" in done.stdout
