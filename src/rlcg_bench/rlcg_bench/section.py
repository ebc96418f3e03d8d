# SPDX-License-Identifier: Apache-2.0
"""What each part of the benchmark returns: a table and the bars that were put to it."""

from dataclasses import dataclass

from rlcg_bench.bars import Bar

Cell = str | float | int | bool | None


@dataclass(frozen=True)
class Section:
    """One part's result, ready for terminal and JSON.

    ``rows``: one dictionary per row, all with the same keys, which become the column names (with
    their units: ``wall_ms``). ``notes``: sentences that stand below the table.
    """

    title: str
    rows: tuple[dict[str, Cell], ...]
    bars: tuple[Bar, ...] = ()
    notes: tuple[str, ...] = ()
