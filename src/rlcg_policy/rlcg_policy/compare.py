# SPDX-License-Identifier: Apache-2.0
"""Two runs of one protocol, grasp by grasp on the same scenes: which model is better, if any.

Refuses what cannot be paired; numbers of different protocols, object sets or sizes are never
pooled.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlcg_core.errors import ConfigError
from rlcg_core.statistics_paired import (
    DISTINGUISHABLE_P,
    PairCounts,
    count_pairs,
    mcnemar_exact,
    paired_difference_interval,
)
from rlcg_policy.report.console import words

# What must be the same, and what a report of schema 1, which lacks it, stands for.
_SAME = {
    "robot": "robot1",
    "protocol": "scenes",
    "replacement": "new_scene",
    "objects": None,
    "backend": None,
    "seed": None,
    "wanted": None,
}
_VALID = ("success", "failure")


@dataclass(frozen=True)
class Comparison:
    """What came of it. ``difference`` is rate a minus rate b over the pairs.

    ``left_out``: scenes on which one of the two has no valid grasp.
    """

    counts: PairCounts
    left_out: int
    difference: float
    interval_95: tuple[float, float]
    p_value: float

    @property
    def distinguishable(self) -> bool:
        """Whether chance alone would bring such a difference less than once in twenty."""
        return self.p_value < DISTINGUISHABLE_P

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "pairs": self.counts.n,
            "left_out": self.left_out,
            "both": self.counts.both,
            "only_a": self.counts.only_a,
            "only_b": self.counts.only_b,
            "neither": self.counts.neither,
            "difference": round(self.difference, 6),
            "interval_95": [round(value, 6) for value in self.interval_95],
            "mcnemar_exact_p": self.p_value,
            "distinguishable": self.distinguishable,
        }


def read_report(path: Path) -> dict[str, Any]:
    """Return a report given by its folder or its file; raises `ConfigError`."""
    file = path / "report.json" if path.is_dir() else path
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{file} is no report ({error}), expected the folder of a run or its report.json"
        ) from error
    if not isinstance(plain, dict) or not isinstance(plain.get("episodes"), list):
        raise ConfigError(f"{file} has no episodes, expected the report.json of an evaluation")
    return plain


def compare(a: Mapping[str, Any], b: Mapping[str, Any]) -> Comparison:
    """Return the comparison of two reports; raises `ConfigError` for runs that are no pair."""
    _check_comparable(a, b)
    pairs, left_out = [], 0
    for one, other in zip(a["episodes"], b["episodes"], strict=True):
        _check_same_scene(one, other)
        if one["outcome"] in _VALID and other["outcome"] in _VALID:
            pairs.append((one["outcome"] == "success", other["outcome"] == "success"))
        else:
            left_out += 1
    counts = count_pairs(pairs)
    interval = paired_difference_interval(counts)
    difference = (counts.only_a - counts.only_b) / counts.n
    return Comparison(counts, left_out, difference, interval, mcnemar_exact(counts))


def told(a: Mapping[str, Any], b: Mapping[str, Any], found: Comparison) -> str:
    """Return the comparison in words."""
    counts, (low, high) = found.counts, found.interval_95
    lines = [
        f"  A  {a['model']}: {words(a['successes'], a['grasps'])}",
        f"  B  {b['model']}: {words(b['successes'], b['grasps'])}",
        f"  pairs: {counts.n} on the same scenes, {found.left_out} left out (not valid in both)",
        f"  both {counts.both}, only A {counts.only_a}, only B {counts.only_b}, "
        f"neither {counts.neither}",
        f"  A minus B: {100 * found.difference:+.1f} points, 95% interval {100 * low:+.1f} to "
        f"{100 * high:+.1f} (paired, Newcombe)",
        f"  McNemar's exact test: p = {found.p_value:.3g}",
        "  " + _verdict(found),
    ]
    if a.get("replacement") == "without":
        lines.append(
            "  without replacement the bins of a pair differ once the two grasped differently"
        )
    return "\n".join(lines)


def _verdict(found: Comparison) -> str:
    if not found.distinguishable:
        return f"not distinguishable: {found.counts.n} pairs do not show which one is better"
    better = "A" if found.difference > 0 else "B"
    return f"{better} is better"


def _check_comparable(a: Mapping[str, Any], b: Mapping[str, Any]) -> None:
    wrong = [
        f"{name} {a.get(name, default)} and {b.get(name, default)}"
        for name, default in _SAME.items()
        if a.get(name, default) != b.get(name, default)
    ]
    if _judge(a) != _judge(b):
        wrong.append(f"judged by {_judge(a)} and {_judge(b)}")
    if len(a["episodes"]) != len(b["episodes"]):
        wrong.append(f"{len(a['episodes'])} and {len(b['episodes'])} attempts made")
    if wrong:
        raise ConfigError(
            f"these runs are no pair: {'; '.join(wrong)}; expected the same protocol, objects, "
            "seed, number and judge: run both with the same words"
        )


def _judge(report: Mapping[str, Any]) -> str:
    return str(report.get("outcome_sources", ["simulator"])[0])


def _check_same_scene(one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    names = ("index", "seed", "object_names")
    if any(one.get(name) != other.get(name) for name in names):
        raise ConfigError(
            f"grasp {one['index'] + 1} has seed {one['seed']} in A and {other['seed']} in B, with "
            f"{one.get('object_names')} and {other.get('object_names')} in the bin; expected one "
            "scene: the worlds are not of one version"
        )
