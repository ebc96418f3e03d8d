# SPDX-License-Identifier: Apache-2.0
"""evaluate_node asks its sources and people for the outcome of each grasp."""

import subprocess
import sys
from pathlib import Path

import pytest
from evaluations import evaluate, record
from mock_cell import MockCell
from std_msgs.msg import String
from std_srvs.srv import Trigger

from rlcg_ros import qos

ALL = "[simulator,gripper_opening,image_difference]"


@pytest.fixture
def cell(whole_cell: MockCell) -> MockCell:
    """The cell with its policy, brought back to a start."""
    whole_cell.ready()
    return whole_cell


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
