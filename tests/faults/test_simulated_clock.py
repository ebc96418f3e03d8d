# SPDX-License-Identifier: Apache-2.0
"""All nodes keep the time of /clock, and it jumps for all of them at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cases import ANY_TIME, JUMP_S, Case, jump
from fault_cell import BAR_S, RATE_HZ, RATE_WORDS, FaultCell
from fault_report import FaultReport
from measure import measure
from motion_watch import MotionWatch

pytestmark = pytest.mark.slow

CASES = (
    Case("clock of all 5 s back", jump(-JUMP_S), ANY_TIME),
    Case("clock of all 5 s ahead", jump(JUMP_S), ANY_TIME),
)


@pytest.fixture(scope="module")
def cell(
    tmp_path_factory: pytest.TempPathFactory, model: Path, programs: None
) -> Iterator[FaultCell]:
    folder = tmp_path_factory.mktemp("simulated")
    with FaultCell(folder, model, RATE_HZ, RATE_WORDS, simulated=True) as made:
        yield made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_clock_that_jumps_for_all_holds_the_arm(
    cell: FaultCell, watch: MotionWatch, report: FaultReport, case: Case
) -> None:
    finding = measure(cell, watch, case, BAR_S)
    report.add(finding)
    assert finding.good, finding
