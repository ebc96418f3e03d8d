# SPDX-License-Identifier: Apache-2.0
"""The folder of one run: ``runs/<date>-<name>/``, and a link like ``runs/latest`` to it."""

import os
import re
from datetime import datetime
from pathlib import Path

from rlcg_core.errors import ConfigError
from rlcg_policy.report.page import page
from rlcg_policy.report.record import Report, write_atomically, write_json
from rlcg_policy.report.strip import Strip


class RunFolder:
    """Writes a report after each grasp, so that what is done survives whatever comes."""

    def __init__(self, runs: Path, name: str, started: datetime) -> None:
        """Make the folder and point ``latest`` to it; raises `ConfigError` if that cannot be."""
        self.path = make_run_folder(runs, name, started, "latest")

    def write(self, report: Report, strip: Strip) -> None:
        """Write ``report.json``, ``strip.png`` and ``report.html``, each whole or not at all."""
        write_json(report, self.path)
        picture = strip.png()
        write_atomically(self.path / "strip.png", picture)
        write_atomically(self.path / "report.html", page(report, picture).encode())


def make_run_folder(runs: Path, name: str, started: datetime, link: str) -> Path:
    """Make ``runs/<date>-<name>`` and point ``runs/<link>`` to it; raises `ConfigError`."""
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("._") or "run"
    stamp = started.strftime("%Y%m%d-%H%M%S")
    try:
        folder = _new_folder(runs / f"{stamp}-{safe}")
        _point(runs / link, folder)
    except OSError as error:
        raise ConfigError(
            f"cannot write reports to {runs} ({error.strerror}): set run_directory to a "
            "folder that you may write to"
        ) from error
    return folder


def _new_folder(wanted: Path) -> Path:
    """Make ``wanted``, or ``wanted-2`` and so on if another run of this second has it."""
    wanted.parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(17, "too many runs in one second", str(wanted))


def _point(link: Path, folder: Path) -> None:
    """Make ``link`` a link to ``folder`` beside it, in one step."""
    fresh = link.with_name(f".latest-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name)
    try:
        os.replace(fresh, link)
    finally:
        fresh.unlink(missing_ok=True)
