# SPDX-License-Identifier: Apache-2.0
"""Commands that other packages add to `rlcg`."""

from collections.abc import Sequence
from importlib.metadata import EntryPoint

import pytest

from rlcg_bringup import cli, commands
from rlcg_bringup.minilaunch.errors import LaunchError


def shout(words: Sequence[str]) -> int:
    """Say the words aloud.

    And nothing else.
    """
    print("!".join(words))
    return len(words)


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two packages add a command each, one of them broken."""
    added = [
        EntryPoint("shout", f"{__name__}:shout", commands.GROUP),
        EntryPoint("broken", "no_such_package:run", commands.GROUP),
    ]

    def entry_points(group: str, name: str = "") -> list[EntryPoint]:
        assert group == commands.GROUP
        return [entry for entry in added if name in ("", entry.name)]

    monkeypatch.setattr(commands, "entry_points", entry_points)
    monkeypatch.setattr(EntryPoint, "load", lambda entry: _load(entry))


def _load(entry: EntryPoint) -> object:
    if entry.name == "shout":
        return shout
    raise ImportError("No module named 'no_such_package'")


@pytest.mark.usefixtures("packages")
def test_a_command_gets_the_words_after_its_name_and_gives_the_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["shout", "a", "--b"]) == 2
    assert capsys.readouterr().out == "a!--b\n"


@pytest.mark.usefixtures("packages")
def test_help_lists_the_commands_with_their_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    out = capsys.readouterr().out
    assert "Say the words aloud." in out
    assert "nothing else" not in out
    assert "launch" in out


@pytest.mark.usefixtures("packages")
def test_a_command_that_cannot_be_loaded_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["broken"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("rlcg: command broken (no_such_package:run) cannot be loaded")
    assert err.count("\n") == 1
    assert "no_such_package" in commands.summary("broken")


def test_a_launch_does_not_look_for_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "entry_points", lambda **_: pytest.fail("looked"))
    assert cli.main(["launch", "/nothing.launch.py"]) == 2
    assert "found no launch file" in capsys.readouterr().err


def test_the_commands_of_this_workspace_load() -> None:
    names = commands.installed()
    assert {"recover", "replay", "dataset"} <= set(names)
    for name in names:
        assert commands.load(name).__doc__, name


def test_loading_an_unbuilt_package_says_to_build(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("x", "rlcg_bringup.cli:nothing", commands.GROUP)
    monkeypatch.setattr(commands, "entry_points", lambda **_: [entry])
    with pytest.raises(LaunchError, match="run make build"):
        commands.load("x")
