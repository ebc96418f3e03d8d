# SPDX-License-Identifier: Apache-2.0
"""Every fault at 20 commands a second: the arm holds within 0.25 s, latched, and it is told why."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cases import CASES, Case
from fault_cell import BAR_S, RATE_HZ, RATE_WORDS, FaultCell
from fault_report import FaultReport
from measure import measure, measure_dead_gate
from motion_watch import MotionWatch
from recording import MATCH_S, Recording
from ros_bench import START_S
from std_srvs.srv import Trigger

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cell(
    tmp_path_factory: pytest.TempPathFactory, model: Path, programs: None
) -> Iterator[FaultCell]:
    folder = tmp_path_factory.mktemp("cell")
    with FaultCell(folder, model, RATE_HZ, RATE_WORDS) as made:
        made.recording = Recording(made, folder / "bags")
        yield made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_holds_the_arm_in_time_and_for_good(
    cell: FaultCell, watch: MotionWatch, report: FaultReport, case: Case
) -> None:
    finding = measure(cell, watch, case, BAR_S)
    report.add(finding)
    assert finding.good, finding


def test_a_dead_gate_leaves_the_arm_at_rest_and_comes_back_without_moving_it(
    cell: FaultCell, watch: MotionWatch, report: FaultReport
) -> None:
    """What stops the robot then is what the profile names: here, that every trajectory ends."""
    finding = measure_dead_gate(cell, watch, BAR_S)
    report.add(finding)
    assert finding.good, finding


def test_nothing_that_was_heard_is_missing_in_the_recordings(
    cell: FaultCell, report: FaultReport
) -> None:
    # Also if this test runs alone there must be something to hear.
    begun_s, wanted = cell.begin_motion(), round(3.0 * MATCH_S * RATE_HZ)
    cell.until(lambda: len(cell.since("grasp_command", begun_s)) >= wanted, "commands", START_S)
    assert cell.call(Trigger, "arm_node/stop", Trigger.Request()).success
    cell.until(lambda: cell.recording.values().get("open") == "", "complete bags", START_S)
    lost = cell.recording.lost(cell)
    report.notes.append(f"recorded: {lost.text}")
    assert lost.heard > 0
    assert lost.missing == 0, lost.text
