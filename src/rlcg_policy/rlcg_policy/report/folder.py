# SPDX-License-Identifier: Apache-2.0
"""The folder of one run: ``runs/<date>-<name>/``, and a link like ``runs/latest`` to it."""

import os
import re
import time
from datetime import datetime
from pathlib import Path

from rlcg_core.errors import ConfigError
from rlcg_policy.report.page import page
from rlcg_policy.report.record import write_atomically
from rlcg_policy.report.report import Report, write_json
from rlcg_policy.report.strip import Row, Strip

# The page holds every picture of the run: it may take this share of the time, not more.
PAGE_SHARE = 0.05
ROWS_FOLDER = "strips"


class RunFolder:
    """Writes a report after each grasp, so that what is done survives whatever comes."""

    def __init__(self, path: Path) -> None:
        """Take a folder that is there; see `begin` and `resume`."""
        self.path, self._strip = path, Strip()
        self._page_due_s = 0.0

    @classmethod
    def begin(cls, runs: Path, name: str, started: datetime) -> "RunFolder":
        """Make the folder and point ``latest`` to it; raises `ConfigError` if that cannot be."""
        return cls(make_run_folder(runs, name, started, "latest"))

    @classmethod
    def resume(cls, runs: Path, name: str) -> "RunFolder":
        """Take the folder of an earlier run: a name in ``runs``, as "latest", or a path.

        Raises `ConfigError` if there is none.
        """
        for path in (runs / name, Path(name).expanduser()):
            if path.is_dir():
                return cls(path.resolve())
        raise ConfigError(
            f"resume is {name!r}, but there is no folder {runs / name} nor {name}: name the "
            "folder of an earlier run, or leave resume out"
        )

    def add_row(self, index: int, row: Row) -> None:
        """Keep the pictures of a grasp; a resumed run finds them here."""
        self._strip.add(row)
        if row.thumbnails:
            rows = self.path / ROWS_FOLDER
            rows.mkdir(exist_ok=True)
            write_atomically(rows / _row_name(index), row.jpeg())

    def write(self, report: Report, whole: bool = False) -> None:
        """Write ``report.json`` and ``strip.png``, and now and then ``report.html``.

        Each whole or not at all. ``whole``: the page as well, however long it takes.
        """
        write_json(report, self.path)
        if whole or time.monotonic() >= self._page_due_s:
            begun_s = time.monotonic()
            strip = self.path / "strip.png"
            if self._strip.filled or not strip.exists():
                write_atomically(strip, self._strip.png())
            html = page(report, self._rows(report), self.path).encode()
            write_atomically(self.path / "report.html", html)
            ended_s = time.monotonic()
            self._page_due_s = ended_s + (ended_s - begun_s) / PAGE_SHARE

    def _rows(self, report: Report) -> dict[int, bytes]:
        """Return the JPEG pictures by index of the grasp."""
        rows = self.path / ROWS_FOLDER
        paths = {one.index: rows / _row_name(one.index) for one in report.episodes}
        return {index: path.read_bytes() for index, path in paths.items() if path.is_file()}


def _row_name(index: int) -> str:
    return f"{index:05d}.jpg"


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
