# SPDX-License-Identifier: Apache-2.0
"""policy_node as a real process chooses its plan, tells what it refused, and serves."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest
import tiny_forms
import tiny_model
from bundles import CEM
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from mock_cell import POLICY, MockCell
from processes import NodeProcess, parameters
from std_srvs.srv import Trigger

from rlcg_core.manifest import GraphForm
from rlcg_core.reasons import TerminationReason as Reason
from rlcg_ros import qos

SUPPORT = str(Path(__file__).resolve().parents[1] / "support")
StartPolicy = Callable[[Path], NodeProcess]
INT8 = GraphForm("policy_int8.onnx", "int8", CEM.iterations, CEM.samples)


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockCell]:
    with MockCell(tmp_path_factory.mktemp("cell")) as made:
        made.listen(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        yield made


def model_status(cell: MockCell, wanted: str) -> DiagnosticStatus:
    """Return the newest status of the model once its message holds ``wanted``."""
    found: list[DiagnosticStatus] = []

    def told() -> bool:
        found[:] = [
            status
            for array in cell.received["/diagnostics"]
            for status in array.status
            if status.name == "policy_node: model" and wanted in status.message
        ]
        return bool(found)

    cell.until(told, f"diagnostics with {wanted}")
    return found[-1]


def serve_and_grasp(cell: MockCell, folder: Path, wanted: str, **changed: object) -> dict:
    """Start policy_node, grasp once, end it; return its log and the model's status."""
    cell.received["/diagnostics"].clear()
    cell.ready()
    process = cell.start_policy(folder, **changed)
    try:
        reason, _ = cell.grasp(seed=1)
        status = model_status(cell, wanted)
    finally:
        process.end(signal.SIGINT)
    cell.until(lambda: not cell.action.server_is_ready(), "end of policy_node", 25.0)
    assert reason is Reason.POLICY_TERMINATED
    values = {value.key: value.value for value in status.values}
    return {"log": process.output, "level": status.level, "text": status.message, **values}


def test_the_table_is_logged_and_published(cell: MockCell, tmp_path: Path) -> None:
    folder = tiny_forms.write(tmp_path / "tiny", tiny_forms.POOR_M).folder
    told = serve_and_grasp(cell, folder, "cpu-float32")
    assert told["level"] == DiagnosticStatus.OK, "a refusal for quality is nobody's fault"
    assert told["text"] == "cpu-float32 3x32"
    assert told["asked for"] == "plan auto, provider auto"
    assert "refused: 95th percentile of the regret" in told["plan cpu-int8"]
    assert told["plan cpu-float32"].endswith("good")
    assert "measuring plan cpu-int8" in told["log"]
    assert "plan cpu-int8: 3x32" in told["log"]
    assert "core-ms; regret mean" in told["log"]


def test_auto_that_falls_back_warns_with_the_reason(cell: MockCell, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    tiny_forms.write(folder)
    onnx.save(tiny_forms.with_unknown_operator(), folder / INT8.file)
    tiny_forms.rewrite(folder, [INT8])
    told = serve_and_grasp(cell, folder, "Teleport")
    assert told["level"] == DiagnosticStatus.WARN
    assert told["text"].startswith("cpu-float32 3x32, but cpu-int8: onnxruntime cannot load")


def test_a_named_plan_serves_without_measuring(cell: MockCell, tmp_path: Path) -> None:
    folder = tiny_forms.write(tmp_path / "tiny", tiny_forms.GOOD_M).folder
    told = serve_and_grasp(cell, folder, "cpu-float32", plan="cpu-float32")
    assert told["plan cpu-float32"].startswith("not measured")
    assert "plan cpu-int8" not in told


@pytest.fixture
def vanishing(cell: MockCell, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartPolicy]:
    """Return a function that starts policy_node on a device that will vanish."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([SUPPORT, os.environ.get("PYTHONPATH", "")]))
    processes: list[NodeProcess] = []

    def start(folder: Path) -> NodeProcess:
        cell.received["/diagnostics"].clear()
        cell.ready()
        given = parameters(**{**POLICY, "model": folder})
        processes.append(cell.start("vanishing_device", f"{folder.name}.log", *given))
        cell.until(cell.action.server_is_ready, "policy_node", 20.0)
        return processes[-1]

    yield start
    for process in processes:
        process.end()
    cell.until(lambda: not cell.action.server_is_ready(), "end of policy_node", 25.0)


def test_a_device_that_vanishes_ends_the_episode_and_another_plan_serves_the_next(
    cell: MockCell, tmp_path: Path, vanishing: StartPolicy
) -> None:
    vanishing(tiny_forms.write(tmp_path / "two", tiny_forms.GOOD_M).folder)
    reason, result = cell.grasp(seed=1)
    assert reason is Reason.POLICY_FAULT
    assert "did not run: CUDA failure 100" in result.text
    assert result.steps == len(result.step_ms) == 3
    cell.until(lambda: cell.commands[-1].terminate, "stop command")
    cell.ready()
    assert cell.grasp(seed=2)[0] is Reason.POLICY_TERMINATED
    status = model_status(cell, "but cpu-")
    assert status.level == DiagnosticStatus.WARN
    assert "it failed in an episode: the model did not run: CUDA failure 100" in status.message


def test_with_no_plan_left_the_next_goal_is_refused_in_one_line(
    cell: MockCell, tmp_path: Path, vanishing: StartPolicy
) -> None:
    process = vanishing(tiny_forms.write(tmp_path / "one").folder)
    assert cell.grasp(seed=1)[0] is Reason.POLICY_FAULT
    assert not cell.send(seed=2).accepted
    assert model_status(cell, "no plan serves").level == DiagnosticStatus.ERROR
    told = cell.call(Trigger, "policy_node/start", Trigger.Request())
    assert not told.success
    assert told.message.startswith("no plan can serve tiny: cpu-float32: it failed in an episode")
    assert "goal refused: no plan can serve tiny" in process.output
    assert "Traceback" not in process.output


@pytest.mark.parametrize(
    ("changed", "text", "code"),
    [
        ({"plan": "cpu-int8"}, "plan cpu-int8 cannot serve: cpu-int8: 95th percentile of", 2),
        ({"plan": "cuda-float32"}, "provider cuda is not in this onnxruntime", 2),
        ({"plan": "fast"}, "parameter plan is 'fast', expected one of auto", 2),
        ({"plan": "cpu-int8", "provider": "cuda"}, "does not run on provider cuda", 2),
        ({"deadline_ms": -1.0}, "deadline_ms is -1.0, expected within", 2),
        ({"warm_start": True}, "warm_start is for models without a rule", 2),
    ],
)
def test_what_is_asked_for_and_not_honoured_is_one_line(
    tmp_path: Path, changed: dict, text: str, code: int
) -> None:
    folder = tiny_forms.write(tmp_path / "tiny", tiny_forms.POOR_M).folder
    refused(tmp_path, {"model": folder, **changed}, text, code)


def test_with_no_plan_left_configure_fails_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    tiny_forms.write(folder)
    model = tiny_model.graph()
    tiny_forms.poison(model, float("nan"))
    for file in ("policy.onnx", INT8.file):
        onnx.save(model, folder / file)
    tiny_forms.rewrite(folder, [INT8])
    text = "no plan can serve tiny: cpu-int8: policy_int8.onnx: 1 of 3 numbers of weight c0 are not"
    refused(tmp_path, {"model": folder}, text, 1)


def refused(folder: Path, arguments: dict, text: str, code: int) -> None:
    given = parameters(autostart=True, **arguments)
    with NodeProcess("rlcg_policy.policy_node", folder / "log", *given) as process:
        assert process.wait(30.0) == code
        lines = [line for line in process.output.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1
        assert text in lines[0]
        assert "Traceback" not in process.output
