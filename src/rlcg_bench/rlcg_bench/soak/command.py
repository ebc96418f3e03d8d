# SPDX-License-Identifier: Apache-2.0
"""The command `rlcg soak`. What is heavy is imported when it runs."""

import argparse
import sys
from collections.abc import Sequence

from rlcg_core.errors import RlcgError


def soak(words: Sequence[str]) -> int:
    """Let the whole graph grasp for an hour; exit code 1 if memory, files or latency grow."""
    from rlcg_bench.soak import settings

    parser = argparse.ArgumentParser(
        prog="rlcg soak",
        description=soak.__doc__,
        epilog=f"settings:\n{settings.describe()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", nargs="*", metavar="name:=value", help="a setting, see below")
    options = parser.parse_args(list(words))
    try:
        wanted = settings.parse(options.words)
        from rlcg_bench.soak.run import soak as run

        return run(wanted)
    except RlcgError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
