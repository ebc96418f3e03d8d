# SPDX-License-Identifier: Apache-2.0
"""What each part of the benchmark returns: a table and the bars that were put to it."""

from dataclasses import dataclass, field
from typing import Any

from rlcg_bench.bars import Bar

Cell = str | float | int | bool | None


@dataclass(frozen=True)
class Section:
    """One part's result, ready for terminal and JSON.

    ``rows``: one dictionary per row, all with the same keys, which become the column names (with
    their units: ``wall_ms``). ``notes``: sentences that stand below the table. ``details``: plain
    data that only the JSON keeps. ``complete`` False: interrupted before its end.
    """

    title: str
    rows: tuple[dict[str, Cell], ...]
    bars: tuple[Bar, ...] = ()
    notes: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    complete: bool = True
