# SPDX-License-Identifier: Apache-2.0
"""The wall: training knows world `real_proxy` by logged episodes alone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from toy_log import toy_episode

from rlcg_core.errors import ConfigError
from rlcg_sim.looks.built_in import LOOKS
from rlcg_sim.makers import BuiltInWorlds
from rlcg_sim.objects import BUILT_IN
from rlcg_train import cli, logged

# What training may not name: the package, and the ways to find it by name.
HIDDEN = ("rlcg_proxy", "rlcg_sim.registry", "rlcg.looks", "rlcg.object_sets")
FINDS_ANYTHING = re.compile(r"\bentry_points\(")
# The doctor imports our programs and commands, groups that hold no worlds.
MAY_FIND = {"doctor/software.py"}

BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "rlcg_proxy":
            raise ImportError("training reached for the hidden world")

sys.meta_path.insert(0, Blocked())
from rlcg_train import cli
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("package", ["rlcg_core", "rlcg_policy", "rlcg_train"])
def test_no_file_of_these_names_the_hidden_world(repository: Path, package: str) -> None:
    files = [path for path in (repository / "src" / package).rglob("*") if path.is_file()]
    texts = {path: path.read_text() for path in files if path.suffix in (".py", ".xml", ".cfg")}
    assert len(texts) > 10
    assert not [(path, word) for path, text in texts.items() for word in HIDDEN if word in text]
    finders = {"/".join(p.parts[-2:]) for p, text in texts.items() if FINDS_ANYTHING.search(text)}
    assert finders <= MAY_FIND


def test_the_simulator_names_it_only_by_entry_points(repository: Path) -> None:
    package = repository / "src/rlcg_sim/rlcg_sim"
    assert not [path for path in package.rglob("*.py") if "rlcg_proxy" in path.read_text()]
    users = {p.name for p in package.rglob("*.py") if "rlcg_sim.registry" in p.read_text()}
    assert users == {"worlds.py", "sim_parameters.py"}


def test_training_opens_no_world_but_the_built_in_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert "real_proxy" not in LOOKS
    assert not [name for name in BUILT_IN if "proxy" in name]
    with pytest.raises(ConfigError, match="real_proxy"):
        BuiltInWorlds("real_proxy")(Path("unused"), "tiny")
    for words in (["--world", "real_proxy"], ["--objects", "proxy_train"]):
        with pytest.raises(SystemExit):
            cli.main(["collect", "--out", "unused", *words])
        assert "invalid choice" in capsys.readouterr().err


@pytest.mark.slow
def test_training_runs_from_the_log_where_the_hidden_world_cannot_be_imported(
    tmp_path: Path,
) -> None:
    for number in range(6):
        logged.write(tmp_path / "log" / f"{number}", toy_episode(number))
    for words in (
        ["shards", "--episodes", tmp_path / "log", "--out", tmp_path / "shards"],
        ["fit", "--data", tmp_path / "shards", "--out", tmp_path / "run", "--epochs", "1"],
    ):
        command = [sys.executable, "-c", BLOCKED, *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "checkpoint.pt").is_file()


@pytest.mark.slow
def test_the_block_of_that_test_blocks() -> None:
    blocked = BLOCKED.replace("from rlcg_train import cli", "import rlcg_proxy")
    done = subprocess.run(
        [sys.executable, "-c", blocked], capture_output=True, text=True, check=False
    )
    assert "training reached for the hidden world" in done.stderr
