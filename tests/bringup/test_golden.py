# SPDX-License-Identifier: Apache-2.0
"""The stand-in gives the nodes exactly what the real `ros2 launch` gives them."""

import json
import sys
from pathlib import Path

import pytest
import recorder

RLCG = [sys.executable, "-m", "rlcg_bringup.cli", "launch"]


@pytest.mark.parametrize("case", sorted(recorder.CASES))
def test_nodes_get_what_the_real_launch_gives(case: str, tmp_path: Path) -> None:
    expected = json.loads((recorder.GOLDEN / f"{case}.json").read_text())
    found = recorder.record(RLCG, case, tmp_path)
    assert found == expected


def test_every_golden_file_has_its_case() -> None:
    assert {path.stem for path in recorder.GOLDEN.glob("*.json")} == set(recorder.CASES)
