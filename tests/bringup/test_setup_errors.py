# SPDX-License-Identifier: Apache-2.0
"""What the set-up says on a machine that lacks something: one line, non-zero, nothing half-made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = ("bash", "awk", "cat", "cut", "dirname", "find", "grep", "head", "rm", "sed", "sha256sum")
MORE_TOOLS = ("sort", "tee", "touch", "uname", "xargs", "env")


class Machine:
    """A copy of the set-up in a folder of its own, with these tools and no others."""

    def __init__(self, folder: Path, repository: Path) -> None:
        self.root = folder / "repository"
        self.tools = folder / "bin"
        self.tools.mkdir()
        for name in TOOLS + MORE_TOOLS:
            path = shutil.which(name)
            assert path is not None, name
            (self.tools / name).symlink_to(path)
        for name in ("scripts", "requirements", "cmake", "src/rlcg_msgs", "src/rlcg_bringup"):
            shutil.copytree(repository / name, self.root / name)

    def script(self, name: str, text: str) -> str:
        """Put an executable script among the tools; return its path."""
        path = self.tools / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)
        return str(path)

    def venv(self, *, wheels: bool) -> None:
        """Make what looks like the virtual environment."""
        folder = self.root / ".venv/bin"
        folder.mkdir(parents=True)
        for name in ("python", "pip"):
            (folder / name).write_text(f'#!/bin/bash\nexec {sys.executable} "$@"\n')
            (folder / name).chmod(0o755)
        (self.root / ".venv/pyvenv.cfg").write_text("include-system-site-packages = false\n")
        if wheels:
            (self.root / ".venv/.wheels").touch()

    def start(self, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command on this machine."""
        return subprocess.run(
            [str(self.tools / "bash"), "-c", command],
            cwd=self.root,
            env={"PATH": str(self.tools), "HOME": str(self.root), **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def run(self, command: str, **variables: str) -> str:
        """Run a command that must fail; return the one line that it says."""
        found = self.start(command, **variables)
        assert found.returncode != 0, found.stdout
        lines = found.stderr.strip().splitlines()
        assert len(lines) == 1, found.stderr
        return lines[0]


@pytest.fixture
def machine(tmp_path: Path, repository: Path) -> Machine:
    return Machine(tmp_path, repository)


def test_a_python_too_old(machine: Machine) -> None:
    old = machine.script("python3.9", "echo 3.9")
    line = machine.run("scripts/setup.sh .venv core", PYTHON=old)
    assert "3.9" in line
    assert "expected Python 3.11 or 3.12" in line


def test_no_python(machine: Machine) -> None:
    line = machine.run("scripts/setup.sh .venv core")
    assert "no Python" in line


def test_a_python_without_venv(machine: Machine) -> None:
    version = 'if [[ $1 == -c ]]; then echo 3.11; else mkdir -p "$3/bin"; exit 1; fi'
    broken = machine.script("python3.11", version)
    line = machine.run("scripts/setup.sh .venv core", PYTHON=broken)
    assert "python3.11-venv" in line
    assert not (machine.root / ".venv").exists()


def test_a_machine_without_wheels(machine: Machine) -> None:
    (machine.tools / "uname").unlink()
    machine.script("uname", "echo Linux aarch64")
    line = machine.run("scripts/setup.sh .venv core ros")
    assert "aarch64" in line
    assert "install ROS 2" in line


def test_no_compiler(machine: Machine) -> None:
    machine.venv(wheels=True)
    line = machine.run("scripts/build.sh")
    assert "C++ compiler" in line
    assert "apt install g++" in line


def test_no_make(machine: Machine) -> None:
    machine.venv(wheels=True)
    for name in ("c++", "cc"):
        machine.script(name, "true")
    assert "found no make" in machine.run("scripts/build.sh")


@pytest.mark.parametrize("command", ["scripts/setup.sh .venv core ros", ". scripts/env.sh"])
def test_a_sourced_ros_never_meets_the_wheels(machine: Machine, command: str) -> None:
    machine.venv(wheels=True)
    line = machine.run(command, ROS_DISTRO="jazzy")
    assert "jazzy" in line
    assert "make clean" in line


@pytest.mark.parametrize("name", ["AMENT_PREFIX_PATH", "PYTHONPATH", "LD_LIBRARY_PATH"])
def test_a_leaked_ros_is_told(machine: Machine, name: str) -> None:
    machine.venv(wheels=True)
    line = machine.run(". scripts/env.sh", **{name: "/somewhere:/opt/ros/jazzy/lib"})
    assert "/opt/ros" in line


def test_entering_before_the_set_up(machine: Machine) -> None:
    assert "make setup" in machine.run(". scripts/env.sh")


def test_a_package_that_cannot_be_installed(machine: Machine) -> None:
    machine.venv(wheels=False)
    (machine.root / ".venv/bin/python").write_text(
        "#!/bin/bash\nif [[ $1 == -c ]]; then echo 3.11; else echo 'ERROR: no network'; exit 1; fi"
    )
    found = machine.start("scripts/setup.sh .venv core")
    assert found.returncode != 0
    assert "ERROR: no network" in found.stderr
    assert "check the network" in found.stderr
    assert not (machine.root / ".venv/.stamp-core").exists()


def test_a_runtime_that_does_not_exist(machine: Machine) -> None:
    machine.venv(wheels=False)
    line = machine.run("scripts/setup.sh .venv ort-cuda")
    assert "found no requirements/ort-cuda.txt" in line
    assert "ort-gpu.txt" in line


def test_one_build_of_the_runtime_goes_before_another_comes(machine: Machine) -> None:
    machine.venv(wheels=False)
    calls = machine.root / "calls"
    (machine.root / ".venv/bin/python").write_text(
        f'#!/bin/bash\nif [[ $1 == -c ]]; then echo 3.11; else echo "$@" >>{calls}; fi'
    )
    for build in ("ort-cpu", "ort-openvino", "ort-openvino"):
        found = machine.start(f"scripts/setup.sh .venv {build}")
        assert found.returncode == 0, found.stderr
    _, _, removal, installation = calls.read_text().splitlines()
    assert removal.endswith("onnxruntime onnxruntime-gpu")
    assert installation.endswith("-r requirements/ort-openvino.txt")
    assert [path.name for path in machine.root.glob(".venv/.stamp-*")] == [".stamp-ort-openvino"]


def test_the_choice_of_the_runtime_stays(tmp_path: Path, repository: Path) -> None:
    def groups(*arguments: str) -> str:
        return subprocess.run(
            ["make", "-n", "setup", *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    shutil.copy(repository / "Makefile", tmp_path)
    assert "ort-cpu" in groups()
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/.stamp-ort-gpu").touch()
    assert "ort-gpu" in groups()
    assert "ort-openvino" in groups("RUNTIME=openvino")


def test_numpy_1_leaves_no_choice_of_the_runtime(repository: Path) -> None:
    found = subprocess.run(
        ["make", "-n", "setup", "ROS_DISTRO=jazzy", "NUMPY=1", "RUNTIME=gpu"],
        cwd=repository,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert found.returncode != 0
    assert "found RUNTIME=gpu beside a ROS 2 with NumPy 1, expected cpu" in found.stderr


def test_the_set_up_is_done_once(repository: Path) -> None:
    venv = repository / ".venv"
    if not (venv / ".wheels").exists():
        pytest.skip("this workspace stands on an installed ROS 2")
    groups = [path.name.removeprefix(".stamp-") for path in venv.glob(".stamp-*")]
    found = subprocess.run(
        ["scripts/setup.sh", ".venv", *groups],
        cwd=repository,
        env={name: value for name, value in os.environ.items() if name != "ROS_DISTRO"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert found.stdout == ""
