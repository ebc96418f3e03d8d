# SPDX-License-Identifier: Apache-2.0
"""The faults at the three commands a second that a profile is set for: a stop takes `deadman_s`.

The arm stands long before the gate has latched: each step ends at rest in its third of a second.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cases import CASES, Case
from fault_cell import FaultCell
from fault_report import FaultReport
from measure import measure, measure_full_disk
from motion_watch import MotionWatch

pytestmark = pytest.mark.slow

RATE_HZ, BAR_S, STANDS_S = 3.0, 1.25, 0.6
NAMES = ("camera unplugged", "joint states silent", "policy halted (SIGSTOP)", "gate cut off")


@pytest.fixture(scope="module")
def cell(
    tmp_path_factory: pytest.TempPathFactory, model: Path, programs: None
) -> Iterator[FaultCell]:
    with FaultCell(tmp_path_factory.mktemp("slow"), model, RATE_HZ) as made:
        yield made


@pytest.mark.parametrize("case", [c for c in CASES if c.name in NAMES], ids=lambda case: case.name)
def test_a_fault_holds_the_arm_within_the_silence_that_the_profile_allows(
    cell: FaultCell, watch: MotionWatch, report: FaultReport, case: Case
) -> None:
    finding = measure(cell, watch, case, BAR_S)
    finding.name += ", at 3 Hz"
    report.add(finding)
    assert finding.good, finding
    assert finding.stands_s < STANDS_S


def test_a_full_disk_ends_the_recording_and_not_the_motion(
    cell: FaultCell, watch: MotionWatch, report: FaultReport
) -> None:
    finding = measure_full_disk(cell, watch)
    report.add(finding)
    assert finding.good, finding
