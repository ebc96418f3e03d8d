# SPDX-License-Identifier: Apache-2.0
"""What programs of several commands have in common: a user's mistake is one line, no traceback."""

import argparse
import sys
from collections.abc import Callable, Sequence

from rlcg_core.errors import RlcgError

# What a command runs, and what adds a command: its name, what it runs, its line of help.
Command = Callable[[argparse.Namespace], None]
Add = Callable[[str, Command, str], argparse.ArgumentParser]


def commands_of(parser: argparse.ArgumentParser) -> Add:
    """Return what adds a command to ``parser``, to be run by `run_command`."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    return add


def run_command(parser: argparse.ArgumentParser, words: Sequence[str] | None) -> int:
    """Parse ``words`` (None: those of the process), call ``run(options)`` as set by the parser.

    Returns:
        The exit code: 0 done, 1 a mistake, told in one line, 130 interrupted by the user. Wrong
        words end the process with 2, as argparse does.
    """
    options = parser.parse_args(words)
    try:
        options.run(options)
    except RlcgError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        text = "interrupted; the same command goes on where it stopped"
        print(f"{parser.prog}: {text}", file=sys.stderr)
        return 130
    return 0
