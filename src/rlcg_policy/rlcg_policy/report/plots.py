# SPDX-License-Identifier: Apache-2.0
"""Drawings of the page as SVG text: Q against outcome, and the ages of commands."""

import math
from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT, MARGIN = 460, 340, 46
BARS = 24


def q_against_outcome(bins: Sequence[dict[str, Any]]) -> str:
    """Return the success rate of each bin of Q with its 95% interval; the diagonal is honest Q."""
    parts = [_axes("Q of the last decision", "success rate", 1.0, 1.0)]
    parts.append(_line(_x(0.0), _y(0.0), _x(1.0), _y(1.0), "ideal"))
    for one in bins:
        x, (low, high) = _x(one["mean_q"]), one["interval_95"]
        radius = 3.0 + math.sqrt(one["grasps"]) / 3.0
        parts.append(_line(x, _y(low), x, _y(high), "interval"))
        tip = f"Q {one['mean_q']:.2f}: {one['successes']} of {one['grasps']}"
        parts.append(
            f'<circle class="dot" cx="{x:.1f}" cy="{_y(one["success_rate"]):.1f}" '
            f'r="{min(radius, 12.0):.1f}"><title>{tip}</title></circle>'
        )
    return _svg(parts, "success rate against Q")


def histogram(values_ms: Sequence[float], label: str) -> str:
    """Return a histogram from 0 to the largest value [ms]."""
    top_ms = max(values_ms, default=1.0) or 1.0
    counts = [0] * BARS
    for value in values_ms:
        counts[min(BARS - 1, int(max(0.0, value) / top_ms * BARS))] += 1
    most = 5 * math.ceil(max(max(counts), 1) / 5)
    parts = [_axes(label, "steps", top_ms, float(most))]
    width = (WIDTH - 2 * MARGIN) / BARS
    for number, count in enumerate(counts):
        height = (HEIGHT - 2 * MARGIN) * count / most
        parts.append(
            f'<rect class="bar" x="{MARGIN + number * width:.1f}" y="{_y(count / most):.1f}" '
            f'width="{width - 1:.1f}" height="{height:.1f}"><title>{count}</title></rect>'
        )
    return _svg(parts, label)


def _svg(parts: Sequence[str], title: str) -> str:
    inside = "".join(parts)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{title}">{inside}</svg>'
    )


def _axes(x_label: str, y_label: str, x_top: float, y_top: float) -> str:
    """Return frame, ticks at fifths and labels; data go from 0 to the tops."""
    parts = [_line(_x(0), _y(0), _x(1), _y(0), "axis"), _line(_x(0), _y(0), _x(0), _y(1), "axis")]
    for fifth in range(6):
        share = fifth / 5
        parts.append(_text(_x(share), _y(0) + 16, f"{share * x_top:.3g}", "middle"))
        parts.append(_text(_x(0) - 6, _y(share) + 4, f"{share * y_top:.3g}", "end"))
    parts.append(_text(_x(0.5), HEIGHT - 8, x_label, "middle"))
    parts.append(_text(_x(0), _y(1) - 14, y_label, "start"))
    return "".join(parts)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _x(share: float) -> float:
    return MARGIN + share * (WIDTH - 2 * MARGIN)


def _y(share: float) -> float:
    return HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)
