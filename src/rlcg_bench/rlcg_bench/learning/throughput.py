# SPDX-License-Identifier: Apache-2.0
"""Samples per second of `rlcg-train qt-opt`'s learner against a plain loop, in one run.

Each contestant is a process of its own with one thread; they take turns in a new order per round,
so that whatever else the machine does falls on all of them. What is compared is processor time.
"""

import tempfile
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from rlcg_bench.bars import Bar
from rlcg_bench.learning import contestants, episodes
from rlcg_bench.learning.contestants import Build, Size
from rlcg_bench.learning.shares import Share, shares
from rlcg_bench.section import Cell, Section
from rlcg_bench.timed_process import Steps, TimedProcess
from rlcg_bench.timing import summarize
from rlcg_core.errors import WorldError
from rlcg_core.statistics import median

LIMIT = 3.0
# All warm up at once, and a step of the paper's network takes minutes on a busy machine.
LONGEST_STEP_S = 3600.0
PLAIN, OURS = "plain loop", "rlcg-train"
CONTESTANTS: dict[str, Build] = {
    PLAIN: contestants.plain,
    f"{PLAIN}, memory kept": contestants.plain_keeping_memory,
    f"{OURS}, labels once, float32": partial(contestants.learner, passes=1, precision="float32"),
    f"{OURS}, labels once": partial(contestants.learner, passes=1),
    OURS: contestants.learner,
}
NOTES = (
    "A sample: a label that went through one gradient step. The plain loop searches the next state "
    "of each; rlcg-train labels whole episodes, adds labels that need no search, and passes over "
    "all of them several times, as QT-Opt's trainers do with what the Bellman updaters wrote.",
    "Both have the same networks, search, batch, optimizer and one thread, in processor time.",
)

Found = dict[str, list[Steps]]


def measure(size: Size | None = None, rounds: int = 11, seed: int = 1) -> Section:
    """Let each contestant learn a little in each of ``rounds``; compare the medians.

    Interrupted, it returns the rounds that were finished. Raises `WorldError` when one fails.
    """
    size = size or Size()
    found: Found = {name: [] for name in CONTESTANTS}
    with tempfile.TemporaryDirectory(prefix="rlcg_bench_") as folder, ExitStack() as stack:
        store = Path(folder)
        episodes.write(store, size.side_px, size.stored)
        started = _start(store, size, stack)
        complete = _take_turns(started, found, rounds, seed)
        profile = shares(contestants.learner(store, size).step) if complete else ()
    rows = tuple(_row(found, name) for name in CONTESTANTS if found[name])
    details = {
        "size": vars(size),
        "cpu_ms": {name: [steps.cpu_ms for steps in made] for name, made in found.items()},
        "shares": [vars(share) for share in profile],
    }
    title = f"learning Q, {size.network} network"
    bars = (bar(found),) if rows else ()
    return Section(title, rows, bars, (*NOTES, *_told(profile)), details, complete)


def _start(store: Path, size: Size, stack: ExitStack) -> dict[str, TimedProcess]:
    started = {
        name: stack.enter_context(
            closing(TimedProcess(name, partial(build, store, size), 1, LONGEST_STEP_S))
        )
        for name, build in CONTESTANTS.items()
    }
    for name, child in started.items():
        child.wait_ready()
        if child.missing:
            raise WorldError(f"{name} does not start: {child.missing}")
    return started


def _take_turns(started: dict[str, TimedProcess], found: Found, rounds: int, seed: int) -> bool:
    """Add a result per contestant and round; return whether all rounds were finished."""
    rng = np.random.default_rng(seed)
    try:
        for _ in tqdm(range(rounds), desc="rounds", unit="round"):
            made = {name: started[name].run(1) for name in rng.permutation(list(started))}
            for name, steps in made.items():
                found[name].append(steps)
    except KeyboardInterrupt:
        print("interrupted: the table below is of the rounds that were finished")
        return False
    return True


def bar(found: Found) -> Bar:
    """Return how many times as many samples per second of processor time the learner takes."""
    ratios = _ratios(found, OURS)
    interval = summarize(ratios).interval_95
    note = f"n = {len(ratios)} rounds, median of the rounds' ratios"
    if interval:
        note += f", 95% interval {interval[0]:.1f} to {interval[1]:.1f}"
    name = "samples per second of learning against a plain loop [times]"
    return Bar(name, summarize(ratios).median, LIMIT, "at least", note=note)


def _ratios(found: Found, name: str) -> list[float]:
    pairs = zip(found[PLAIN], found[name], strict=True)
    return [plain.cpu_ms / other.cpu_ms for plain, other in pairs]


def _row(found: Found, name: str) -> dict[str, Cell]:
    cpu_ms = summarize([steps.cpu_ms for steps in found[name]])
    return {
        "learner": name,
        "cpu_ms_per_sample": cpu_ms.median,
        "samples_per_cpu_s": 1e3 / cpu_ms.median,
        "samples_per_s": 1e3 / _middle([steps.wall_ms for steps in found[name]]),
        "n": cpu_ms.n,
        "times_plain": summarize(_ratios(found, name)).median,
    }


def _middle(values: list[float]) -> float:
    found = median(values)
    assert found is not None  # there is a round
    return found


def _told(profile: tuple[Share, ...]) -> tuple[str, ...]:
    """Return where the learner's time goes as a sentence."""
    if not profile:
        return ()
    told = ", ".join(f"{share.what} {100 * share.part:.0f}%" for share in profile)
    return (f"Where {OURS}'s time goes: {told}.",)
