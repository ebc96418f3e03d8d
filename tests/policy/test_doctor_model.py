# SPDX-License-Identifier: Apache-2.0
"""What `rlcg doctor` says of the model's bundle, the runtime and a profile's limits."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_forms
import tiny_model

from rlcg_core import strict_json
from rlcg_core.bundle import Bundle, load
from rlcg_core.evidence import Heard, Stream
from rlcg_core.golden import Golden
from rlcg_policy import profile
from rlcg_policy.doctor import limits, model, nodes
from rlcg_policy.doctor.finding import Findings, Grade
from rlcg_policy.profile import Profile
from rlcg_policy.serving_options import ServingOptions
from rlcg_policy.verdict import Timing, Verdict
from rlcg_policy.verdicts import VerdictCache, key_of

SERVING = ServingOptions()


@pytest.fixture
def tiny(tmp_path: Path) -> Bundle:
    return tiny_model.write(tmp_path / "models" / "tiny")


def test_a_bundle_that_was_changed_is_refused_by_name(tiny: Bundle) -> None:
    report = Findings()
    assert model.check_model(report, "tiny", tiny.folder.parent) is not None
    assert report[-1].grade is Grade.OK
    assert tiny.digest in report[-1].found
    with (tiny.folder / "policy.onnx").open("ab") as stream:
        stream.write(b"x")
    assert model.check_model(report, "tiny", tiny.folder.parent) is None
    assert report[-1].grade is Grade.ERROR
    assert "policy.onnx has sha256" in report[-1].found


def test_golden_vectors_that_are_not_met_are_an_error(tiny: Bundle) -> None:
    report = Findings()
    model.check_golden(report, tiny, SERVING)
    assert report[-1].grade is Grade.OK
    case = tiny.golden.cases[0]
    wrong = replace(case, expected={**case.expected, "q": (0.123,)})
    changed = replace(tiny.golden, cases=(wrong, *tiny.golden.cases[1:]))
    model.check_golden(report, _with_golden(tiny, changed), SERVING)
    assert report[-1].grade is Grade.ERROR
    assert "q" in report[-1].found


def _with_golden(tiny: Bundle, changed: Golden) -> Bundle:
    """Return the bundle with other vectors under a hash that fits."""
    path = tiny.folder / "golden.json"
    strict_json.write(changed, path)
    manifest = tiny.folder / "manifest.json"
    plain = json.loads(manifest.read_text())
    plain["files"]["golden.json"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(plain))
    return load(tiny.folder)


def test_an_idle_gpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    report = Findings()
    model.check_providers(report)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(model, "gpu_name", lambda: "NVIDIA T4, 550.54")
    monkeypatch.setattr(model.ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    model.check_providers(report)
    assert [one.grade for one in report] == [Grade.OK, Grade.WARNING]
    assert "offers cpu, this machine has NVIDIA T4" in report[1].found


def test_the_plan_is_the_one_that_was_measured_as_the_fastest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    bundle = tiny_forms.write(tmp_path / "two_plans", tiny_forms.GOOD_M)
    report = Findings()
    model.check_plan(report, bundle, SERVING)
    assert "are measured when policy_node is configured" in report[-1].found
    measured = {
        name: Verdict(name, timings=(Timing(3, 32, wall_ms, wall_ms),))
        for name, wall_ms in (("cpu-int8", 1.0), ("cpu-float32", 2.0))
    }
    VerdictCache(key_of(bundle, SERVING.thread_count)).write(measured)
    model.check_plan(report, bundle, SERVING)
    assert report[-1].grade is Grade.OK
    assert report[-1].found.startswith("cpu-int8 would serve")
    measured["cpu-int8"] = Verdict("cpu-int8", "fault", "it crashed")
    VerdictCache(key_of(bundle, SERVING.thread_count)).write(measured)
    model.check_plan(report, bundle, SERVING)
    assert [one.grade for one in report[-2:]] == [Grade.WARNING, Grade.OK]
    assert report[-1].found.startswith("cpu-float32 would serve")


def test_a_policy_that_serves_another_bundle_than_the_one_on_disk_is_told() -> None:
    heard = Heard(Stream("i"), Stream("c"), Stream("j"), Stream("/clock"), digest="aaaa")
    report = Findings()
    nodes.check_served(report, heard, "aaaa")
    nodes.check_served(report, heard, "bbbb")
    assert [one.grade for one in report] == [Grade.OK, Grade.WARNING]
    assert "aaaa" in report[1].found
    assert "bbbb" in report[1].expected


@pytest.fixture
def robot(repository: Path) -> Profile:
    return profile.load(profile.find("kuka_iiwa_lbr", repository))


def test_the_headroom_of_a_profile_is_told_in_degrees(repository: Path, robot: Profile) -> None:
    report = Findings()
    bounds = limits.check_limits(report, robot)
    assert bounds is not None
    limits.check_headroom(report, robot, bounds, repository / "config" / "urdf")
    # One degree by the driver's limits, 0.05 rad of margin; 30% of the speeds.
    assert report[-1].grade is Grade.OK
    assert "3.9 deg or more from the joints' ends" in report[-1].found
    assert "30% or less of their speeds" in report[-1].found


def test_limits_wider_than_the_urdfs_are_an_error(repository: Path, robot: Profile) -> None:
    wide = {**robot.parameters, "position_limit_rad": (3.1,) * 7}
    changed = replace(robot, parameters=wide)
    report = Findings()
    bounds = limits.check_limits(report, changed)
    assert bounds is not None
    limits.check_headroom(report, changed, bounds, repository / "config" / "urdf")
    assert report[-1].grade is Grade.ERROR
    assert "lbr_A1 has" in report[-1].found


def test_a_profile_without_limits_is_an_error_that_says_what_lacks(repository: Path) -> None:
    report = Findings()
    found = limits.check_profile(report, "generic_ros2_control", repository)
    assert found is not None
    assert limits.check_limits(report, found) is None
    assert report[-1].grade is Grade.ERROR
    assert "does not give" in report[-1].found
    assert limits.check_profile(report, "nobody", repository) is None
    assert "no robot profile 'nobody'" in report[-1].found
