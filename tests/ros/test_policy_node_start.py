# SPDX-License-Identifier: Apache-2.0
"""policy_node refuses wrong settings and tampered models in one line, with an exit code."""

from pathlib import Path

import pytest
import tiny_model
from processes import NodeProcess, parameters

from rlcg_core import spec


@pytest.mark.parametrize(
    ("changed", "text", "code"),
    [
        ({"model": "nobody"}, "model 'nobody' is unknown", 1),
        ({"provider": "tensorrt"}, "provider tensorrt is not in this onnxruntime", 2),
        ({"provider": "gpu"}, "expected one of", 2),
        ({"rate_hz": -1.0}, "rate_hz is -1.0, expected within", 2),
        ({"modell": "x"}, "no parameter modell", 2),
        ({"camera_quaternion_xyzw": "[0.0,0.0,0.0,0.5]"}, "unit quaternion", 2),
        ({"urdf": "nowhere.urdf"}, "nowhere.urdf", 2),
    ],
)
def test_a_users_mistake_is_one_line_and_an_exit_code(
    tmp_path: Path, model: Path, changed: dict, text: str, code: int
) -> None:
    arguments = {"autostart": True, "model": model, **changed}
    check_refused(tmp_path, arguments, text, code)


@pytest.mark.parametrize(
    ("name", "old", "new", "text"),
    [
        ("policy.onnx", b"tiny", b"tony", "sha256"),
        ("manifest.json", spec.fingerprint().encode(), b"0" * 16, "spec_fingerprint is 0000"),
        ("golden.json", b'"q"', b'"p"', "sha256"),
    ],
)
def test_a_tampered_model_is_refused_in_one_line(
    tmp_path: Path, name: str, old: bytes, new: bytes, text: str
) -> None:
    folder = tiny_model.write(tmp_path / "tampered").folder
    contents = (folder / name).read_bytes()
    assert old in contents
    (folder / name).write_bytes(contents.replace(old, new))
    check_refused(tmp_path, {"autostart": True, "model": folder}, text, 1)


def check_refused(folder: Path, arguments: dict, text: str, code: int) -> None:
    with NodeProcess(
        "rlcg_policy.policy_node", folder / "log", *parameters(**arguments)
    ) as process:
        assert process.wait(20.0) == code
        lines = [line for line in process.output.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1
        assert text in lines[0]
        assert "Traceback" not in process.output
