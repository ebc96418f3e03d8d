# SPDX-License-Identifier: Apache-2.0
"""`rlcg security`: a robot's policy, and its keys where sros2 is installed."""

import importlib.util
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from sros2_policy import Use, read

from rlcg_bringup import commands
from rlcg_policy.security.commands import security

needs_sros2 = pytest.mark.skipif(
    importlib.util.find_spec("sros2") is None or shutil.which("ros2") is None,
    reason="sros2 is not installed; where it is, the keys are made and checked",
)


def stand_in(folder: Path, script: str) -> None:
    """Write a program ros2."""
    folder.mkdir(exist_ok=True)
    program = folder / "ros2"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_it_is_a_command_of_rlcg() -> None:
    assert commands.load("security") is security


def test_the_policy_of_a_robot_has_its_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert security(["policy", "--profile", "kuka_iiwa_lbr", "--namespace", "cell_1"]) == 0
    grants = {grant.node: grant for grant in read(capsys.readouterr().out)}
    arm = Use("topics", "publish", "/lbr/joint_trajectory_controller/joint_trajectory")
    assert arm in grants["arm_node"].allowed
    assert Use("topics", "publish", "/cell_1/gate_status") in grants["arm_node"].allowed


def test_the_policy_is_written_to_a_file(tmp_path: Path) -> None:
    assert security(["policy", "--out", str(tmp_path / "policy.xml")]) == 0
    assert len(read((tmp_path / "policy.xml").read_text())) == 10


@pytest.mark.parametrize(
    "words",
    [["--profile", "none_such"], ["--namespace", "a b"], ["--out", "/proc/none/policy.xml"]],
)
def test_what_cannot_be_is_refused_in_one_line(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert security(["policy", *words]) == 2
    assert capsys.readouterr().err.startswith("rlcg security: ")


def test_without_ros2_it_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert security(["keystore", str(tmp_path / "keys")]) == 2
    assert "expected ROS 2 with the package sros2" in capsys.readouterr().err
    assert not (tmp_path / "keys").exists()


def test_ros2_makes_the_keys_from_the_policy_and_nobody_else_can_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(tmp_path / "bin", 'echo "$@" > "$4/words"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    keys = tmp_path / "keys"
    assert security(["keystore", str(keys)]) == 0
    wanted = f"security generate_artifacts -k {keys} -p {keys / 'policy.xml'}\n"
    assert (keys / "words").read_text() == wanted
    assert stat.S_IMODE((keys / "words").stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert len(read((keys / "policy.xml").read_text())) == 10
    assert f"export ROS_SECURITY_KEYSTORE={keys}" in capsys.readouterr().out


def test_a_ros2_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(tmp_path / "bin", "exit 3")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert security(["keystore", str(tmp_path / "keys")]) == 2
    assert "ended with code 3, expected 0: is sros2 installed" in capsys.readouterr().err


@needs_sros2
def test_sros2_takes_the_policy_and_signs_permissions_for_every_enclave(tmp_path: Path) -> None:
    assert security(["keystore", str(tmp_path / "keys"), "--profile", "kuka_iiwa_lbr"]) == 0
    enclaves = tmp_path / "keys/enclaves/rlcg"
    command = "<topic>rt/lbr/joint_trajectory_controller/joint_trajectory</topic>"
    for grant in read((tmp_path / "keys/policy.xml").read_text()):
        folder = enclaves / grant.node
        for name in ("key.pem", "cert.pem", "permissions.p7s", "governance.p7s"):
            assert (folder / name).is_file(), f"{grant.node} lacks {name}"
        published = (folder / "permissions.xml").read_text().split("<subscribe>")[0]
        assert (command in published) == (grant.node == "arm_node")
        signed = ["-in", str(folder / "permissions.p7s"), "-out", os.devnull]
        authority = ["-CAfile", str(folder / "permissions_ca.cert.pem")]
        subprocess.run(["openssl", "smime", "-verify", *signed, *authority], check=True)
