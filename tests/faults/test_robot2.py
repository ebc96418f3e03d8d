# SPDX-License-Identifier: Apache-2.0
"""The same faults on the arm of robot 2, and those of the base it stands on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cases import BASE_CASES, CASES, Case
from fault_cell import BAR_S, RATE_HZ, RATE_WORDS, FaultCell
from fault_report import FaultReport
from measure import measure, measure_dead_gate
from motion_watch import MotionWatch

from rlcg_core.cell import ROBOT2

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cell(
    tmp_path_factory: pytest.TempPathFactory, model: Path, programs: None
) -> Iterator[FaultCell]:
    folder = tmp_path_factory.mktemp("robot2")
    with FaultCell(folder, model, RATE_HZ, RATE_WORDS, robot="robot2") as made:
        yield made


@pytest.fixture(scope="module")
def limits() -> MotionWatch:
    """Who judges the motion, by this robot's limits."""
    return MotionWatch(ROBOT2)


@pytest.mark.parametrize("case", [*CASES, *BASE_CASES], ids=lambda case: case.name)
def test_a_fault_holds_the_arm_of_robot2_in_time_and_for_good(
    cell: FaultCell, limits: MotionWatch, report: FaultReport, case: Case
) -> None:
    finding = measure(cell, limits, case, BAR_S)
    finding.name += ", robot 2"
    report.add(finding)
    assert finding.good, finding


def test_a_dead_gate_leaves_the_arm_of_robot2_at_rest(
    cell: FaultCell, limits: MotionWatch, report: FaultReport
) -> None:
    finding = measure_dead_gate(cell, limits, BAR_S)
    finding.name += ", robot 2"
    report.add(finding)
    assert finding.good, finding
