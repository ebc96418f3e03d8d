# SPDX-License-Identifier: Apache-2.0
"""What a person reads while an evaluation runs, and at its end."""

from collections.abc import Iterable
from itertools import compress
from pathlib import Path

from rlcg_core.reasons import Outcome
from rlcg_core.statistics import median, wilson_interval
from rlcg_policy.report import figures
from rlcg_policy.report.record import GraspRecord
from rlcg_policy.report.report import Report


def line(record: GraspRecord, wanted: int) -> str:
    """Return the one line of an attempt."""
    width = len(str(wanted))
    robot = f"  {record.robot}" if record.robot else ""
    text = (
        f"grasp {record.index + 1:{width}}/{wanted}{robot}  {record.outcome.name.lower():7}  "
        f"{record.steps:2} steps  q {record.last_q:4.2f}  "
        f"step {_ms(compress(record.step_ms, record.network_ran))}  "
        f"image to command {_ms(compress(record.image_to_command_ms, record.network_ran))}"
    )
    why = record.reason.name.lower() + (f": {record.text}" if record.text else "")
    return text if record.outcome is Outcome.SUCCESS else f"{text}  ({why})"


def rate(report: Report) -> str:
    """Return successes, rate and interval in words."""
    return words(report.successes, report.grasps)


def words(successes: int, grasps: int) -> str:
    """Return a rate with n and its 95% Wilson interval; no valid grasp has no rate."""
    if grasps == 0:
        return "no valid grasp"
    low, high = wilson_interval(successes, grasps)
    return (
        f"{successes} of {grasps} = {successes / grasps:.1%}, 95% interval {low:.1%} to {high:.1%}"
    )


def rows(report: Report) -> list[tuple[str, str]]:
    """Return the table as pairs of name and value."""
    invalid = len(report.episodes) - report.grasps
    steps = median([float(episode.steps) for episode in report.episodes])
    return [
        ("model", report.model),
        *_set_up(report),
        (
            "world",
            f"{report.robot} in {report.backend}, rendered by {report.renderer or 'unknown'}",
        ),
        ("objects", f"{report.objects}, seed {report.seed}"),
        ("grasps", f"{report.grasps} of {report.wanted}, {invalid} invalid"),
        ("success", rate(report)),
        *_agreement(report),
        ("steps", "none" if steps is None else f"{steps:g} per grasp (median)"),
        ("step", f"{_ms(report.network_ms('step_ms'))} (median), frame in hand to command out"),
        ("image to command", f"{_ms(report.network_ms('image_to_command_ms'))} (median)"),
        ("commit", report.commit),
    ]


def table(report: Report, folder: Path) -> str:
    """Return the closing table."""
    pairs = [*rows(report), ("pictures", str(folder / "strip.png"))]
    pairs += [("page", str(folder / "report.html")), ("figures", str(folder / "report.json"))]
    if len(report.episodes) < report.wanted:
        pairs += [("to go on", _how_to_go_on(report, folder))]
    width = max(len(name) for name, _ in pairs)
    return "\n".join(f"  {name:{width}}  {value}" for name, value in pairs)


def _how_to_go_on(report: Report, folder: Path) -> str:
    words = f"evaluate.launch.py protocol:={report.protocol} seed:={report.seed}"
    if report.replacement == "new_scene":
        words += f" grasps:={report.wanted}"
    return f"{words} resume:={folder.name}, other words as before"


def _set_up(report: Report) -> list[tuple[str, str]]:
    """Return what is told only where it is not the plain case."""
    found = []
    if report.replacement != "new_scene":
        found.append(("protocol", f"{report.protocol}, {report.replacement} replacement"))
    if len(report.robots) > 1:
        found.append(("robots", ", ".join(report.robots)))
    if report.sources != ("simulator",):
        first, *others = report.sources
        beside = f"; beside it {', '.join(others)}" if others else ""
        found.append(("judged by", first + beside))
    return found


def _agreement(report: Report) -> list[tuple[str, str]]:
    return [
        ("agreement", f"{one['first']} and {one['second']}: {words(one['same'], one['n'])}")
        for one in figures.agreement(report.episodes)
    ]


def _ms(values: Iterable[float]) -> str:
    value = median(list(values))
    return "-" if value is None else f"{value:.1f} ms"
