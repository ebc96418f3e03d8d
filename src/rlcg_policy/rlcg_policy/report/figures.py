# SPDX-License-Identifier: Apache-2.0
"""What is counted out of the grasps: by robot, placement and object, agreement, Q against outcome.

Every function takes the records and returns plain data for the report.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rlcg_core.outcome_sources import agreements
from rlcg_core.q_calibration import calibrate
from rlcg_core.reasons import Outcome
from rlcg_core.statistics import wilson_interval
from rlcg_policy.report.record import GraspRecord, number


def per_robot(episodes: Iterable[GraspRecord]) -> list[dict[str, Any]]:
    """Return a rate for each robot, by its namespace."""
    return _rates(episodes, lambda episode: episode.robot)


def per_placement(episodes: Iterable[GraspRecord]) -> list[dict[str, Any]]:
    """Return a rate for each placement of the bins."""
    return _rates(episodes, lambda episode: episode.placement)


def per_object(episodes: Iterable[GraspRecord]) -> list[dict[str, Any]]:
    """Return a rate for each object that was grasped at; who grasped at nothing known is left out.

    Most attempts first.
    """
    known = [episode for episode in episodes if 0 <= episode.target < len(episode.object_names)]
    rows = _rates(known, lambda episode: episode.object_names[episode.target])
    return sorted(rows, key=lambda row: (-row["grasps"], row["name"]))


def agreement(episodes: Iterable[GraspRecord]) -> list[dict[str, Any]]:
    """Return how often every two outcome sources said the same."""
    said = [{one.source.value: one.outcome for one in episode.sources} for episode in episodes]
    return [
        {
            "first": one.first,
            "second": one.second,
            "n": one.n,
            "same": one.same,
            "rate": number(one.same / one.n),
            "interval_95": _interval(one.same, one.n),
            "both_success": one.both,
            "both_failure": one.neither,
            "only_first_success": one.only_first,
            "only_second_success": one.only_second,
        }
        for one in agreements(said)
    ]


def q_calibration(episodes: Iterable[GraspRecord]) -> dict[str, Any]:
    """Return the last Q of the valid attempts against what came of them."""
    pairs = [(e.last_q, e.outcome is Outcome.SUCCESS) for e in episodes if e.valid]
    found = calibrate(pairs)
    return {
        "brier": number(found.brier),
        "expected_error": number(found.expected_error),
        "bins": [
            {
                "low": one.low,
                "high": one.high,
                "grasps": one.n,
                "mean_q": number(one.mean_q),
                "successes": one.successes,
                "success_rate": number(one.rate),
                "interval_95": _interval(one.successes, one.n),
            }
            for one in found.bins
        ],
    }


def _rates(
    episodes: Iterable[GraspRecord], key: Callable[[GraspRecord], str]
) -> list[dict[str, Any]]:
    groups: dict[str, list[GraspRecord]] = {}
    for episode in episodes:
        groups.setdefault(key(episode), []).append(episode)
    return [_rate(name, groups[name]) for name in sorted(groups)]


def _rate(name: str, episodes: Sequence[GraspRecord]) -> dict[str, Any]:
    grasps = sum(episode.valid for episode in episodes)
    successes = sum(episode.outcome is Outcome.SUCCESS for episode in episodes)
    return {
        "name": name,
        "grasps": grasps,
        "successes": successes,
        "success_rate": number(successes / grasps) if grasps else None,
        "interval_95": _interval(successes, grasps),
        "invalid": len(episodes) - grasps,
    }


def _interval(successes: int, trials: int) -> list[float | None]:
    return [number(value) for value in wilson_interval(successes, trials)]
