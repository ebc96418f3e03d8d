# SPDX-License-Identifier: Apache-2.0
"""Runs a soak: starts the graph, looks at it every few seconds, ends it, reports."""

import os
import signal
import sys
import time
from datetime import datetime
from pathlib import Path
from types import FrameType

from tqdm import tqdm

from rlcg_bench import show
from rlcg_bench.soak import findings, report, usage
from rlcg_bench.soak.bag_store import BagStore
from rlcg_bench.soak.graph import RUNS, Graph
from rlcg_bench.soak.grasps import GraspWatch
from rlcg_bench.soak.log import FILE, Log, Sample
from rlcg_bench.soak.settings import SoakSettings
from rlcg_core.errors import ConfigError, RlcgError
from rlcg_policy.report.folder import make_run_folder

LINK = "latest-soak"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
GOOD, BAD, INTERRUPTED = 0, 1, 130


def soak(settings: SoakSettings) -> int:
    """Soak, report and return the exit code: 0 nothing grows, 1 something does, 130 interrupted.

    Raises:
        ConfigError: The folder cannot be written, or the soak to go on with is another one.
    """
    folder = _folder(settings)
    log = Log(folder, settings)
    problem, complete = "", True
    # Started in the background, Python would ignore SIGINT.
    before = {number: signal.signal(number, _interrupt) for number in SIGNALS}
    try:
        _watch(settings, folder, log)
    except RlcgError as error:
        problem = str(error)
    except KeyboardInterrupt:
        complete = False
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    found = findings.section(settings, log.samples, complete)
    files = report.write(folder, settings, log.samples, found, problem)
    print("\n".join([show.text(found), report.verdict(found, problem), *map(str, files)]))
    if not complete:
        return INTERRUPTED
    return GOOD if findings.good(found) and not problem else BAD


def _watch(settings: SoakSettings, folder: Path, log: Log) -> None:
    """Let the graph grasp for what is left of the soak."""
    left_s = settings.duration_s - log.duration_s
    if left_s <= 0.0:  # it was long enough: only the report is made again
        return
    progress = tqdm(
        total=round(settings.duration_s),
        initial=round(log.duration_s),
        desc="soak",
        unit="s",
        # A line now and then where the output is a file.
        mininterval=1.0 if sys.stderr.isatty() else 60.0,
    )
    with progress, Graph(settings, folder, log.session) as graph:
        look = Look(graph, log, GraspWatch(folder / RUNS), settings)
        before_s = 0.0
        while look.time_s < left_s:
            graph.tend()
            time.sleep(min(settings.period_s, max(0.0, left_s - look.time_s)))
            look.take()
            progress.set_postfix_str(look.told, refresh=False)
            progress.update(round(look.time_s) - before_s)
            before_s = round(look.time_s)


class Look:
    """Takes the samples of a session."""

    def __init__(self, graph: Graph, log: Log, grasps: GraspWatch, settings: SoakSettings) -> None:
        self._log, self._grasps, self._session = log, grasps, log.session
        self._bags = BagStore(graph.bags, settings.bags)
        self._begun_s = time.monotonic()

    @property
    def time_s(self) -> float:
        """Time since the session began [s]."""
        return time.monotonic() - self._begun_s

    @property
    def told(self) -> str:
        """What the progress says beside the time."""
        samples = self._log.samples
        memory_mb = sum(one.rss_mb for one in samples[-1].processes)
        return f"{sum(len(one.grasps) for one in samples)} grasps, {memory_mb:.0f} MB"

    def take(self) -> None:
        """Look at all processes that this one started, and at the grasps that ended."""
        processes = tuple(one for one in usage.of_tree(os.getpid()) if one.pid != os.getpid())
        load, news = round(os.getloadavg()[0], 2), self._grasps.news()
        self._log.add(Sample(self._session, round(self.time_s, 3), load, processes, news))
        self._bags.prune()


def _folder(settings: SoakSettings) -> Path:
    """Return the folder of a new soak, or of the one to go on with."""
    runs = Path(settings.run_directory).expanduser().absolute()
    if not settings.resume:
        return make_run_folder(runs, "soak", datetime.now(), LINK)
    for folder in (runs / settings.resume, Path(settings.resume).expanduser()):
        if (folder / FILE).is_file():
            return folder.resolve()
    raise ConfigError(
        f"resume is {settings.resume!r}, but there is no {FILE} in {runs / settings.resume} nor "
        f"in {settings.resume}: name the folder of an earlier soak, or leave resume out"
    )


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
