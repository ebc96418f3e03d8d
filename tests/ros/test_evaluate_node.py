# SPDX-License-Identifier: Apache-2.0
"""evaluate_node as a real process: report after each grasp, one line for what is missing."""

import os
import signal
import time
from pathlib import Path

import pytest
from evaluations import check_one_line, evaluate, record
from mock_cell import MockCell
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from rlcg_core.seeds import evaluation_seed
from rlcg_ros import qos


@pytest.fixture
def cell(whole_cell: MockCell) -> MockCell:
    """The cell with its policy, brought back to a start."""
    whole_cell.ready()
    return whole_cell


def test_every_grasp_is_a_line_and_a_row(cell: MockCell, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    with evaluate(runs, seed=3) as process:
        assert process.wait(60.0) == 0
        lines = process.output.splitlines()
    told = [line[:9] for line in lines if line.startswith("grasp ")]
    assert told == ["grasp 1/3", "grasp 2/3", "grasp 3/3"]
    assert any("95% interval" in line for line in lines)
    plain = record(runs)
    assert plain["complete"]
    assert plain["grasps"] == 3
    assert [row["seed"] for row in plain["episodes"]] == [evaluation_seed(3, i) for i in range(3)]
    assert (plain["model"], plain["backend"], plain["renderer"]) == ("tiny", "mock", "mock")
    assert plain["step_ms_median"] > 0.0
    assert plain["image_to_command_ms_median"] > 0.0
    assert (runs / "latest" / "strip.png").stat().st_size > 10_000
    assert "data:image/jpeg" in (runs / "latest" / "report.html").read_text()


def test_the_same_seed_gives_the_same_grasps(cell: MockCell, tmp_path: Path) -> None:
    rows = []
    for name in ("a", "b"):
        with evaluate(tmp_path / name / "runs", seed=9, grasps=2) as process:
            assert process.wait(60.0) == 0
        episodes = record(tmp_path / name / "runs")["episodes"]
        rows.append([(row["outcome"], row["steps"], row["last_q"]) for row in episodes])
    assert rows[0] == rows[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_what_it_did(cell: MockCell, tmp_path: Path, number: int) -> None:
    runs = tmp_path / "runs"
    with evaluate(runs, grasps=1000) as process:
        cell.until(lambda: "grasp    2/1000" in process.output, "two grasps", 30.0)
        assert process.end(number) < 3.0
        assert process.wait() == 0
        assert "Traceback" not in process.output
        assert "95% interval" in process.output
    plain = record(runs)
    assert 2 <= len(plain["episodes"]) < 1000
    assert not plain["complete"]
    time.sleep(0.5)


def test_a_gate_that_was_stopped_is_released_for_the_next_attempt(
    cell: MockCell, tmp_path: Path
) -> None:
    assert cell.call(Trigger, "arm_node/stop", Trigger.Request()).success
    runs = tmp_path / "runs"
    with evaluate(runs, grasps=1) as process:
        assert process.wait(60.0) == 0
    assert record(runs)["grasps"] == 1


def test_without_the_other_nodes_it_waits_says_so_and_fails(tmp_path: Path) -> None:
    alone = 1 + os.getpid() % 10
    with evaluate(tmp_path / "runs", domain=alone, wait_for_nodes_s=3.0) as process:
        check_one_line(process, "no sim_node/reset after 3 s: start sim_node")
        waiting = [line for line in process.output.splitlines() if line.startswith("waiting for")]
        assert len(waiting) == 1
    assert not (tmp_path / "runs").exists()


def test_without_a_camera_nothing_moves(cell: MockCell, tmp_path: Path) -> None:
    cell.fault(image_drop=1.0)
    cell.listen(JointTrajectory, "joint_trajectory", qos.COMMAND)
    with evaluate(tmp_path / "runs", wait_for_nodes_s=2.0) as process:
        check_one_line(process, "no image on image_raw after 2 s: start the camera")
    assert not cell.commands
    assert not cell.received["joint_trajectory"]


def test_images_that_cannot_be_read_end_the_run_at_the_first_attempt(
    cell: MockCell, tmp_path: Path
) -> None:
    cell.fault(image_encoding="yuv422_yuy2")
    with evaluate(tmp_path / "runs", grasps=50) as process:
        check_one_line(process, "BAD_IMAGE: image encoding is 'yuv422_yuy2'")
    assert not cell.commands
    assert len(record(tmp_path / "runs")["episodes"]) == 1


def test_an_unknown_object_set_is_named(cell: MockCell, tmp_path: Path) -> None:
    with evaluate(tmp_path / "runs", objects="teapots") as process:
        check_one_line(process, "objects is 'teapots', expected one of")


def test_a_folder_that_cannot_be_written_is_named(cell: MockCell, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.write_text("a file in the way")
    with evaluate(runs) as process:
        assert process.wait(40.0) == 2
        assert "set run_directory" in process.output


def test_a_robot_has_no_simulator_to_ask(tmp_path: Path) -> None:
    with evaluate(tmp_path / "runs", backend="robot") as process:
        assert process.wait(20.0) == 2
        assert "backend robot has none" in process.output


def test_places_that_the_world_lacks_are_named(cell: MockCell, tmp_path: Path) -> None:
    with evaluate(tmp_path / "runs", protocol="robot2_multi_bin", grasps=1) as process:
        check_one_line(process, "bins at place 'left' are wanted")
