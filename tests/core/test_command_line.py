# SPDX-License-Identifier: Apache-2.0
"""Programs of several commands: exit codes, and one line for a user's mistake."""

import argparse
from collections.abc import Callable

import pytest

from rlcg_core.command_line import run_command
from rlcg_core.errors import ConfigError


def exit_code(run: Callable[[argparse.Namespace], None], *words: str) -> int:
    parser = argparse.ArgumentParser(prog="rlcg-try")
    parser.add_argument("--count", type=int, default=1)
    parser.set_defaults(run=run)
    return run_command(parser, words)


def test_a_command_gets_its_options() -> None:
    seen: list[int] = []
    assert exit_code(lambda options: seen.append(options.count), "--count", "3") == 0
    assert seen == [3]


def test_a_mistake_is_one_line_that_names_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(options: argparse.Namespace) -> None:
        raise ConfigError("found 2, expected 3")

    assert exit_code(fail) == 1
    assert capsys.readouterr().err == "rlcg-try: found 2, expected 3\n"


def test_an_interrupted_command_says_that_it_can_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(options: argparse.Namespace) -> None:
        raise KeyboardInterrupt

    assert exit_code(interrupted) == 130
    assert capsys.readouterr().err.startswith("rlcg-try: interrupted")


def test_a_defect_keeps_its_traceback() -> None:
    def defect(options: argparse.Namespace) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        exit_code(defect)


def test_wrong_words_end_with_two() -> None:
    with pytest.raises(SystemExit) as ended:
        exit_code(lambda options: None, "--nonsense")
    assert ended.value.code == 2
