# SPDX-License-Identifier: Apache-2.0
"""The report as one HTML file that needs no other and asks nothing of a network."""

from collections.abc import Mapping
from html import escape
from pathlib import Path

from rlcg_policy.report import console, figures, plots, sections
from rlcg_policy.report.report import Report

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1240px; color: #222;
  padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin-top: 2rem }
.rate { font-size: 1.2rem; margin-top: 0 }
table { border-collapse: collapse; margin: .6rem 0 }
th, td { text-align: left; padding: .2rem 1rem .2rem 0; border-bottom: 1px solid #ddd;
  vertical-align: top }
td.number { text-align: right; font-variant-numeric: tabular-nums }
img { max-width: 100%; display: block } tr.pictures td { padding: 0 0 .8rem }
.success td:nth-child(4) { color: #207a3c } .failure td:nth-child(4) { color: #b5361f }
.invalid td { color: #777 }
.plots { display: flex; flex-wrap: wrap; gap: 2rem }
svg text { font: 11px system-ui, sans-serif; fill: #444 }
.axis { stroke: #888 } .ideal { stroke: #bbb; stroke-dasharray: 4 4 }
.interval { stroke: #30608c; stroke-width: 2 } .dot { fill: #30608c } .bar { fill: #7d9cb8 }
"""
# The browser itself keeps the page from asking for anything.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(report: Report, pictures: Mapping[int, bytes], folder: Path) -> str:
    """Return the HTML; ``pictures``: a JPEG strip by index of the grasp.

    ``folder``: where the page will lie; its links to recordings are seen from there.
    """
    title = f"{escape(report.model)} on {escape(report.objects)}"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width"><title>rlcg: {title}</title>
<style>{_STYLE}</style></head><body>
<h1>Grasp evaluation: {title}</h1><p class="rate">{escape(console.rate(report))}</p>
{_facts(report)}{_rates(report)}{_plots(report)}
<h2>All grasps</h2>
{sections.grasps(report.episodes, pictures, folder)}</body></html>
"""


def _facts(report: Report) -> str:
    told = [row for row in console.rows(report) if row[0] not in ("agreement", "protocol")]
    facts = [
        *told,
        ("protocol", f"{report.protocol}, replacement: {report.replacement}"),
        ("model digest", report.model_digest or "unknown"),
        ("started", report.started),
        ("sessions", f"{report.sessions}, {report.duration_s:.0f} s in all"),
    ]
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>\n" for name, value in facts
    )
    return f"<table>{rows}</table>"


def _rates(report: Report) -> str:
    episodes = report.episodes
    robots, places = figures.per_robot(episodes), figures.per_placement(episodes)
    objects = figures.per_object(episodes)
    parts = [
        sections.rates("By robot", "robot", robots) if len(robots) > 1 else "",
        sections.rates("By place of the bins", "place", places) if len(places) > 1 else "",
        sections.agreement(figures.agreement(episodes)),
        sections.rates(
            "By the object that was grasped at", "object", objects, sections.OBJECTS_SHOWN
        ),
    ]
    return "".join(parts)


def _plots(report: Report) -> str:
    found = figures.q_calibration(report.episodes)
    delays_ms = report.network_ms("image_to_command_ms")
    error = found["expected_error"]
    told = "no Q-value" if error is None else f"Brier {found['brier']:.3f}, mean gap {error:.3f}"
    return (
        '<div class="plots"><div><h2>Does Q tell the chance of success?</h2>'
        f"<p>{told}; bars are 95% intervals.</p>{plots.q_against_outcome(found['bins'])}</div>"
        "<div><h2>How old is a command?</h2>"
        f"{sections.latency(report)}{plots.histogram(delays_ms, 'image to command [ms]')}"
        "</div></div>"
    )
