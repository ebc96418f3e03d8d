# SPDX-License-Identifier: Apache-2.0
"""What programs of several commands have in common: a user's mistake is one line, no traceback."""

import argparse
import sys
from collections.abc import Sequence

from rlcg_core.errors import RlcgError


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
