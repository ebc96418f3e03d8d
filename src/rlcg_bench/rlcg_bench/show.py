# SPDX-License-Identifier: Apache-2.0
"""What a person reads on the terminal."""

import shutil
import textwrap
from collections.abc import Sequence
from typing import Any

from rlcg_bench.bars import Bar
from rlcg_bench.section import Cell, Section

# Columns of long text: they stand below the table, beside the name of their row.
LONG = ("gate", "what")


def text(section: Section) -> str:
    """Return a section as text: table, long cells, notes, bars."""
    parts = [section.title, *table(section.rows), *_remarks(section.rows)]
    for note in section.notes:
        parts += _wrapped(note)
    if section.bars:
        parts += ["bars", *table([_bar(bar) for bar in section.bars])]
        for bar in (bar for bar in section.bars if bar.note):
            parts += _wrapped(f"{bar.name}: {bar.note}")
    return "\n".join(parts)


def machine(found: dict[str, Any], load: list[float]) -> str:
    """Return processor, instruction sets, versions and load as text."""
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    lines = [
        f"{found['cpu']}, {found['cores']} cores, governor {found['governor']}",
        f"{' '.join(found['flags'])}; load {load[0]} {load[1]} {load[2]}",
        f"python {found['python']}, {versions}",
    ]
    return "\n".join(lines)


def table(rows: Sequence[dict[str, Cell]]) -> list[str]:
    """Return the lines of a table; the first column is text, the others stand to the right."""
    if not rows:
        return []
    names = [name for name in rows[0] if name not in LONG]
    cells = [[cell(row[name]) for name in names] for row in rows]
    widths = [max(len(line[i]) for line in [names, *cells]) for i in range(len(names))]
    lines = []
    for line in [names, *cells]:
        others = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        lines.append("  ".join(["", line[0].ljust(widths[0]), *others]).rstrip())
    return lines


def _remarks(rows: Sequence[dict[str, Cell]]) -> list[str]:
    lines = []
    for row in rows:
        told = "; ".join(str(row[name]) for name in LONG if row.get(name))
        if told:
            lines += _wrapped(f"{next(iter(row.values()))}: {told}")
    return lines


def _bar(bar: Bar) -> dict[str, Cell]:
    return {
        "bar": bar.name,
        "found": bar.found,
        "asked": f"{bar.direction} {bar.limit:g}",
        "verdict": bar.verdict,
    }


def cell(value: Cell) -> str:
    """Return a value in as many digits as a person reads."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)


def _wrapped(sentence: str) -> list[str]:
    width = max(60, shutil.get_terminal_size((100, 24)).columns - 1)
    return textwrap.wrap(sentence, width, initial_indent="  ", subsequent_indent="    ")
