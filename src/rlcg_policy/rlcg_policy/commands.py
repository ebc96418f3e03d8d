# SPDX-License-Identifier: Apache-2.0
"""Commands that this package adds to `rlcg`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rlcg_core.errors import ConfigError
from rlcg_policy.compare import compare as compare_reports
from rlcg_policy.compare import read_report, told


def compare(argv: Sequence[str]) -> int:
    """Compare two runs grasp by grasp on the same scenes."""
    parser = argparse.ArgumentParser(
        prog="rlcg compare",
        description="Compare two runs of one protocol: McNemar's exact test, paired interval. "
        "Exit code 2 when they cannot be paired.",
    )
    parser.add_argument("a", type=Path, help="folder of a run, or its report.json")
    parser.add_argument("b", type=Path, help="the other one")
    parser.add_argument("--json", action="store_true", help="print plain data")
    options = parser.parse_args(argv)
    try:
        a, b = read_report(options.a), read_report(options.b)
        found = compare_reports(a, b)
    except ConfigError as error:
        print(f"rlcg compare: {error}", file=sys.stderr)
        return 2
    print(json.dumps(found.as_dict(), indent=1) if options.json else told(a, b, found))
    return 0
