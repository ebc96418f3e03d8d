# SPDX-License-Identifier: Apache-2.0
"""The command `rlcg doctor`; what is heavy is imported when it runs."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rlcg_core.errors import ConfigError

if TYPE_CHECKING:
    from rlcg_policy.doctor.finding import Findings


def doctor(words: Sequence[str]) -> int:
    """Look at machine, model, limits, DDS and topics; say what is wrong. Nothing moves."""
    from rlcg_policy.doctor.examination import examine
    from rlcg_policy.doctor.finding import exit_code
    from rlcg_policy.doctor.options import parse

    try:
        options = parse(words)
        findings = examine(options)
    except ConfigError as error:
        print(f"rlcg doctor: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print(_plain(findings) if options.json else _lines(findings))
    return exit_code(findings, options.strict)


def _lines(findings: "Findings") -> str:
    counts = Counter(one.grade.value for one in findings)
    told = ", ".join(f"{count} {grade}" for grade, count in counts.items())
    return "\n".join([*map(str, findings), told])


def _plain(findings: "Findings") -> str:
    from rlcg_policy.doctor.finding import worst

    rows = [{**asdict(one), "grade": one.grade.value} for one in findings]
    return json.dumps({"worst": worst(findings).value, "findings": rows}, indent=1)
