# SPDX-License-Identifier: Apache-2.0
"""evaluate_node as a real process, and what it recorded."""

import json
from pathlib import Path
from typing import Any

from processes import NodeProcess, parameters


def evaluate(runs: Path, domain: int | None = None, **changed: Any) -> NodeProcess:
    values = {"use_sim_time": True, "run_directory": runs, "backend": "mock", "grasps": 3}
    arguments = parameters(**{**values, **changed})
    runs.parent.mkdir(exist_ok=True)
    return NodeProcess(
        "rlcg_policy.evaluate_node", runs.parent / "evaluate.log", *arguments, domain=domain
    )


def record(runs: Path) -> dict[str, Any]:
    return json.loads((runs / "latest" / "report.json").read_text())


def check_one_line(process: NodeProcess, text: str) -> None:
    assert process.wait(40.0) == 1
    errors = [line for line in process.output.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert text in errors[0]
    assert "Traceback" not in process.output
