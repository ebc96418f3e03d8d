# SPDX-License-Identifier: Apache-2.0
"""What the Dockerfile promises of every image that ships."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import dockerfile
import pytest

from rlcg_policy.provenance import source_commit

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker" / "Dockerfile"
IMAGES = ("cpu", "gpu", "train")
COMPILERS = r"(?<![\w+-])(build-essential|g\+\+|gcc|clang|make|cmake|python3-dev)(?![\w+-])"
DISTROS = ("jazzy", "humble")


@pytest.fixture(params=DISTROS)
def stages(request: pytest.FixtureRequest) -> dict[str, dockerfile.Stage]:
    return dockerfile.read(FILE, ROS_DISTRO=request.param)


def external(stages: dict[str, dockerfile.Stage], name: str) -> str:
    """Return the image of a registry that a stage begins with."""
    return dockerfile.lineage(stages, name)[-1].base


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_runs_as_a_numbered_user_without_rights(
    stages: dict[str, dockerfile.Stage], image: str
) -> None:
    assert dockerfile.effective(stages, image, "USER") == "1000:1000"


def test_every_base_is_an_official_ros_image_pinned_by_digest(
    stages: dict[str, dockerfile.Stage],
) -> None:
    bases = {stage.base for stage in stages.values() if stage.base not in stages}
    assert len(bases) == 2 * len(DISTROS)
    for base in bases:
        assert re.fullmatch(r"ros:(jazzy|humble)-ros-(base|core)@sha256:[0-9a-f]{64}", base), base


@pytest.mark.parametrize("image", IMAGES)
def test_no_compiler_ships(stages: dict[str, dockerfile.Stage], image: str) -> None:
    assert "-ros-core@" in external(stages, image)
    assert "-ros-base@" in external(stages, "workspace")
    for stage in dockerfile.lineage(stages, image):
        for command in stage.all("RUN"):
            assert not re.search(COMPILERS, command)


@pytest.mark.parametrize("image", IMAGES)
def test_the_doctor_judges_the_health(stages: dict[str, dockerfile.Stage], image: str) -> None:
    check = dockerfile.effective(stages, image, "HEALTHCHECK")
    script = ROOT / "docker" / "health.sh"
    assert "/opt/rlcg/docker/health.sh" in check
    assert "rlcg doctor --quick" in script.read_text()
    assert os.access(script, os.X_OK)


@pytest.mark.parametrize("image", IMAGES)
def test_a_stop_reaches_the_launch_as_ctrl_c(
    stages: dict[str, dockerfile.Stage], image: str
) -> None:
    assert dockerfile.effective(stages, image, "STOPSIGNAL") == "SIGINT"
    # In the form with brackets no shell stands between the signal and the program.
    (program,) = json.loads(dockerfile.effective(stages, image, "ENTRYPOINT"))
    assert json.loads(dockerfile.effective(stages, image, "CMD"))
    script = ROOT / Path(program).relative_to("/opt/rlcg")
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == 'exec "$@"'


def test_everything_that_is_copied_is_there_and_not_ignored(
    stages: dict[str, dockerfile.Stage],
) -> None:
    let_in = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    ]
    copies = [shlex.split(words) for stage in stages.values() for words in stage.all("COPY")]
    from_here = [words for words in copies if not words[0].startswith("--from=")]
    sources = {source for *some, _ in from_here for source in some}
    assert {"src", "launch", "models", "docker"} <= sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in let_in, source
    assert {source.split("/")[0] for source in sources} == set(let_in)
    for words in copies:
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in stages


def test_every_group_of_packages_is_locked(stages: dict[str, dockerfile.Stage]) -> None:
    runs = " ".join(words for stage in stages.values() for words in stage.all("RUN"))
    groups = re.findall(r"scripts/setup\.sh \.venv (\S+)", runs)
    assert sorted(groups) == ["system-ros", "system-ros-gpu", "system-ros-train"]
    for group in groups:
        assert "--hash=sha256:" in (ROOT / "requirements" / f"{group}.txt").read_text()


def test_the_gpu_packages_fit_to_those_that_they_are_laid_over() -> None:
    def versions(group: str) -> dict[str, str]:
        text = (ROOT / "requirements" / f"{group}.txt").read_text()
        return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))

    usual, gpu = versions("system-ros"), versions("system-ros-gpu")
    assert {name for name in usual if gpu.get(name, usual[name]) != usual[name]} == set()
    assert "nvidia-cudnn-cu12" in gpu
    assert "onnxruntime" not in gpu


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_knows_the_commit_that_it_was_built_from(
    stages: dict[str, dockerfile.Stage], image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = [words for stage in dockerfile.lineage(stages, image) for words in stage.all("ENV")]
    (set_by,) = [words for words in variables if words == "RLCG_COMMIT=$RLCG_COMMIT"]
    name = set_by.split("=")[0]
    monkeypatch.setenv(name, "0123456789ab")
    assert source_commit() == "0123456789ab"
    monkeypatch.delenv(name)
    assert source_commit() != "0123456789ab"


@pytest.mark.parametrize(("doctor", "health"), [(0, 0), (1, 1), (2, 1)])
def test_the_health_is_one_of_the_two_that_docker_knows(
    tmp_path: Path, doctor: int, health: int
) -> None:
    folder = tmp_path / "docker"
    folder.mkdir()
    words = tmp_path / "words"
    entry = folder / "entrypoint.sh"
    entry.write_text(f'#!/bin/sh\necho "$@" >{words}\nexit {doctor}\n')
    entry.chmod(0o755)
    script = folder / "health.sh"
    script.write_text(
        (ROOT / "docker" / "health.sh").read_text().replace("/opt/rlcg", str(tmp_path))
    )
    done = subprocess.run(["bash", str(script), "--profile", "sim"], check=False)
    assert done.returncode == health
    assert words.read_text() == "rlcg doctor --quick --profile sim\n"
