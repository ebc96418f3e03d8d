# SPDX-License-Identifier: Apache-2.0
"""evaluate_node as a real process: report after each grasp, one line for what is missing."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_model
from mock_cell import MockCell
from processes import NodeProcess, parameters
from std_msgs.msg import String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from rlcg_core.seeds import evaluation_seed
from rlcg_ros import qos

# Each start costs seconds on a busy machine.
KILLS = 4


@pytest.fixture(scope="module")
def whole_cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockCell]:
    """Sim, gate and policy."""
    folder = tmp_path_factory.mktemp("cell")
    model = tiny_model.write(folder / "tiny").folder
    with MockCell(folder) as cell:
        cell.start_policy(model)
        yield cell


@pytest.fixture
def cell(whole_cell: MockCell) -> MockCell:
    whole_cell.ready()
    return whole_cell


def evaluate(runs: Path, domain: int | None = None, **changed: Any) -> NodeProcess:
    values = {"use_sim_time": True, "run_directory": runs, "backend": "mock", "grasps": 3}
    arguments = parameters(**{**values, **changed})
    runs.parent.mkdir(exist_ok=True)
    return NodeProcess(
        "rlcg_policy.evaluate_node", runs.parent / "evaluate.log", *arguments, domain=domain
    )


def record(runs: Path) -> dict[str, Any]:
    return json.loads((runs / "latest" / "report.json").read_text())


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


def check_one_line(process: NodeProcess, text: str) -> None:
    assert process.wait(40.0) == 1
    errors = [line for line in process.output.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert text in errors[0]
    assert "Traceback" not in process.output


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


ALL = "[simulator,gripper_opening,image_difference]"


def test_every_source_is_asked_and_their_agreement_told(cell: MockCell, tmp_path: Path) -> None:
    with evaluate(tmp_path / "runs", grasps=2, outcome_sources=ALL) as process:
        assert process.wait(60.0) == 0, process.output
    plain = record(tmp_path / "runs")
    for row in plain["episodes"]:
        said = {one["source"]: one["outcome"] for one in row["sources"]}
        # The mock's jaw closes on nothing, whatever its outcome says by the letter.
        assert said["gripper_opening"] == said["image_difference"] == "failure"
        assert (row["outcome"], row["judged_by"]) == (said["simulator"], "simulator")
    pairs = {(one["first"], one["second"]): one for one in plain["agreement"]}
    assert pairs["gripper_opening", "image_difference"]["same"] == 2
    assert pairs["simulator", "gripper_opening"]["n"] == 2


def test_the_first_source_judges(cell: MockCell, tmp_path: Path) -> None:
    sources = "[gripper_opening,simulator]"
    with evaluate(tmp_path / "runs", grasps=1, outcome_sources=sources) as process:
        assert process.wait(60.0) == 0, process.output
    (row,) = record(tmp_path / "runs")["episodes"]
    assert (row["outcome"], row["judged_by"]) == ("failure", "gripper_opening")


def await_question(cell: MockCell, part: str) -> None:
    def asked() -> bool:
        heard = cell.received["evaluate_node/question"]
        return bool(heard) and part in heard[-1].data

    cell.until(asked, f"question about {part}", 30.0)


def answer(cell: MockCell, name: str) -> Trigger.Response:
    return cell.call(Trigger, f"evaluate_node/{name}", Trigger.Request())


def test_the_operator_labels_by_services_while_a_question_is_open(
    cell: MockCell, tmp_path: Path
) -> None:
    cell.listen(String, "evaluate_node/question", qos.STATUS)
    labels = ["label_failure", "label_invalid", "label_success"]
    sources = "[operator,simulator]"
    with evaluate(tmp_path / "runs", outcome_sources=sources) as process:
        for label in labels:
            await_question(cell, "does the gripper hold an object?")
            assert not answer(cell, "bin_ready").success
            assert answer(cell, label).success
            cell.until(lambda: cell.received["evaluate_node/question"][-1].data == "", "next", 5.0)
            assert "nothing is asked" in answer(cell, "label_success").message
        assert process.wait(30.0) == 0, process.output
    rows = record(tmp_path / "runs")["episodes"]
    assert [row["outcome"] for row in rows] == ["failure", "invalid", "success"]
    assert {row["judged_by"] for row in rows} == {"operator"}


def test_without_a_label_in_time_the_attempt_is_invalid(cell: MockCell, tmp_path: Path) -> None:
    values = {"outcome_sources": "[operator]", "label_timeout_s": 0.5, "grasps": 1}
    with evaluate(tmp_path / "runs", **values) as process:
        assert process.wait(60.0) == 1
        assert "not one grasp was valid" in process.output
    (row,) = record(tmp_path / "runs")["episodes"]
    assert row["outcome"] == "invalid"
    assert record(tmp_path / "runs")["success_rate"] is None


def test_a_robot_is_filled_and_labelled_by_people_in_a_terminal(
    cell: MockCell, tmp_path: Path
) -> None:
    cell.listen(String, "evaluate_node/question", qos.STATUS)
    values = {
        "backend": "robot",
        "protocol": "robot2_single_bin",
        "grasps": 1,
        "outcome_sources": "[operator]",
    }
    terminal = subprocess.Popen(
        [sys.executable, "-m", "rlcg_policy.label_node"], stdin=subprocess.PIPE, text=True
    )
    assert terminal.stdin is not None
    try:
        with evaluate(tmp_path / "runs", **values) as process:
            for key in ("y", "n"):
                await_question(
                    cell, "put the 6 objects of slot 1 into the bin, bins at place centre"
                )
                terminal.stdin.write("\n")
                terminal.stdin.flush()
                await_question(cell, "does the gripper hold an object?")
                terminal.stdin.write(f"{key}\n")
                terminal.stdin.flush()
            cell.until(lambda: "grasp  2/18" in process.output, "second grasp", 30.0)
            process.end()
    finally:
        terminal.kill()
        terminal.wait()
    rows = record(tmp_path / "runs")["episodes"]
    assert [row["outcome"] for row in rows] == ["success", "failure"]
    assert record(tmp_path / "runs")["renderer"] == "camera"


def test_a_robot_has_no_simulator_to_ask(tmp_path: Path) -> None:
    with evaluate(tmp_path / "runs", backend="robot") as process:
        assert process.wait(20.0) == 2
        assert "backend robot has none" in process.output


def test_places_that_the_world_lacks_are_named(cell: MockCell, tmp_path: Path) -> None:
    with evaluate(tmp_path / "runs", protocol="robot2_multi_bin", grasps=1) as process:
        check_one_line(process, "bins at place 'left' are wanted")


def rows_of(runs: Path) -> list[tuple[Any, ...]]:
    names = ("index", "seed", "outcome", "steps", "last_q", "object_names", "without")
    return [tuple(map(str, map(row.get, names))) for row in record(runs)["episodes"]]


def rows_written(journal: Path) -> list[int]:
    lines = [json.loads(line) for line in journal.read_text().splitlines() if line.endswith("}")]
    return [line["grasp"]["index"] for line in lines if "grasp" in line]


def resumed(begun: int) -> dict[str, str]:
    return {"resume": "latest"} if begun else {}


def lines_of(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.is_file() else 0


@pytest.fixture
def cell_to_kill_in(tmp_path: Path, seed: int) -> Iterator[MockCell]:
    """A cell in a ROS domain of its own: what the killed leave in shared memory disturbs no one."""
    model = tiny_model.write(tmp_path / "tiny").folder
    with MockCell(tmp_path, domain=221 + seed) as cell:
        cell.start_policy(model)
        cell.ready()
        yield cell


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_moments_it_goes_on_and_neither_loses_nor_repeats_a_grasp(
    cell_to_kill_in: MockCell, tmp_path: Path, seed: int
) -> None:
    cell = cell_to_kill_in
    run = {"protocol": "robot2_single_bin", "grasps": 1, "seed": 40 + seed, "domain": cell.domain}
    with evaluate(tmp_path / "whole/runs", **run) as process:
        assert process.wait(90.0) == 0, process.output
    moments, runs = random.Random(seed), tmp_path / "cut/runs"
    journal = runs / "latest/journal.jsonl"
    for _ in range(KILLS):
        begun = lines_of(journal)
        with evaluate(runs, **run, **resumed(begun)) as process:
            cell.until(lambda old=begun: lines_of(journal) > old, "another line", 60.0)
            time.sleep(moments.uniform(0.0, 0.3))
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert len(rows_written(journal)) < 18, "killed too late to have anything left to do"
    with evaluate(runs, **run, **resumed(lines_of(journal))) as process:
        assert process.wait(90.0) == 0, process.output
    plain = record(runs)
    assert plain["complete"]
    assert rows_of(runs) == rows_of(tmp_path / "whole/runs")
    assert sorted(rows_written(journal)) == list(range(18))
