# SPDX-License-Identifier: Apache-2.0
"""The report as one HTML file that needs no other: table, picture strip, a row per grasp."""

import base64
from html import escape

from rlcg_policy.report import console
from rlcg_policy.report.record import GraspRecord, Report

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1220px; color: #222 }
h1 { font-size: 1.5rem; margin-bottom: .2rem } .rate { font-size: 1.2rem; margin-top: 0 }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { text-align: left; padding: .2rem 1rem .2rem 0; border-bottom: 1px solid #ddd }
td.number { text-align: right; font-variant-numeric: tabular-nums }
img { max-width: 100%; border: 1px solid #ddd }
.success { color: #207a3c } .failure { color: #b5361f } .invalid, .unknown { color: #777 }
"""


def page(report: Report, strip_png: bytes) -> str:
    """Return the HTML; everything that came from outside is escaped."""
    facts = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in console.rows(report)
    )
    picture = base64.b64encode(strip_png).decode()
    grasps = "".join(_row(episode) for episode in report.episodes)
    title = f"{escape(report.model)} on {escape(report.objects)}"
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>rlcg: {title}</title><style>{_STYLE}</style>
<h1>Grasp evaluation: {title}</h1><p class="rate">{escape(console.rate(report))}</p>
<table>{facts}<tr><th>started</th><td>{escape(report.started)}</td></tr></table>
<h2>The newest grasps, each from left to right</h2>
<img alt="frames of the newest grasps" src="data:image/png;base64,{picture}">
<h2>All grasps</h2>
<table><tr><th>#</th><th>scene seed</th><th>outcome</th><th>steps</th><th>last Q</th>
<th>seconds</th><th>ended by</th></tr>{grasps}</table></html>
"""


def _row(episode: GraspRecord) -> str:
    outcome, reason = episode.outcome.name.lower(), episode.reason.name.lower()
    ended = f"{reason}: {episode.text}" if episode.text else reason
    return (
        f'<tr><td class="number">{episode.index + 1}</td><td class="number">{episode.seed}</td>'
        f'<td class="{outcome}">{outcome}</td><td class="number">{episode.steps}</td>'
        f'<td class="number">{episode.last_q:.3f}</td>'
        f'<td class="number">{episode.duration_s:.1f}</td><td>{escape(ended)}</td></tr>\n'
    )
