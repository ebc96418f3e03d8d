# SPDX-License-Identifier: Apache-2.0
"""Control steps per second of our simulator and of PyBullet's own grasping environment.

Each simulator runs in a process of its own; they take turns, a few control steps at a time, so that
whatever else the machine does falls on all of them.
"""

from contextlib import ExitStack, closing
from functools import partial

from rlcg_bench.bars import Bar
from rlcg_bench.section import Cell, Section
from rlcg_bench.timed_process import Steps, TimedProcess, Work
from rlcg_core.errors import WorldError
from rlcg_core.statistics import median

LIMIT = 3.0
OURS, THEIRS = ("rlcg_sim", "auto"), ("KukaDiverseObjectEnv", "tiny")
SIMULATORS = (
    OURS,
    ("rlcg_sim", "tiny"),
    ("rlcg_sim, robot 2", "auto"),
    THEIRS,
    ("KukaDiverseObjectEnv", "egl"),
)
NOTES = (
    "A control step: 80 physics steps of 1/240 s, the arm moving above five objects, and one "
    "picture of 640 x 512. The work is equal by count, not by content: the environment solves "
    "contacts in 150 iterations and draws shadows, ours in 50 and without; both as they come.",
    "KukaDiverseObjectEnv draws with TinyRenderer; egl is the same with a plugin loaded into it "
    "that it does not load by itself.",
    "Robot 2 stands before three bins, with six household shapes of some twelve convex parts each.",
)

Found = dict[tuple[str, str], list[Steps]]


def measure(rounds: int = 11, steps: int = 4) -> Section:
    """Let each simulator do ``steps`` control steps in each of ``rounds``; compare the medians.

    What cannot be had on this machine is left out and named; without the two that are compared
    there is nothing to say. Raises `WorldError` then, and when a simulator fails on its way.
    """
    with ExitStack() as stack:
        started = {key: stack.enter_context(closing(process(*key))) for key in SIMULATORS}
        for child in started.values():
            child.wait_ready()
        for key in (OURS, THEIRS):
            if started[key].missing:
                raise WorldError(f"{key[0]} does not start: {started[key].missing}")
        found: Found = {key: [] for key, child in started.items() if not child.missing}
        for _ in range(rounds):
            for key, results in found.items():
                results.append(started[key].run(steps))
        rows = tuple(_row(found, key, started[key].name) for key in found)
        missing = tuple(
            f"{world} with {renderer} not measured: {started[world, renderer].missing}"
            for world, renderer in started.keys() - found.keys()
        )
    return Section("simulator", rows, (bar(found),), NOTES + missing)


def process(simulator: str, renderer: str) -> TimedProcess:
    """Return a simulator in a process of its own, starting."""
    return TimedProcess(simulator, partial(build, simulator, renderer))


def build(simulator: str, renderer: str) -> Work:
    """Return a simulator; raises `WorldError` if it cannot be had."""
    from rlcg_bench import sim_worlds  # loads PyBullet, which prints

    return sim_worlds.WORLDS[simulator](renderer)


def bar(found: Found) -> Bar:
    """Return how many times as many control steps per second ours does."""
    ratio = _wall_ms(found, THEIRS) / _wall_ms(found, OURS)
    name = "simulator: control steps per second against KukaDiverseObjectEnv [times]"
    return Bar(name, ratio, LIMIT, "at least")


def _row(found: Found, key: tuple[str, str], renderer: str) -> dict[str, Cell]:
    wall_ms = _wall_ms(found, key)
    return {
        "simulator": key[0],
        "renderer": renderer,
        "wall_ms": wall_ms,
        "cpu_ms": median([steps.cpu_ms for steps in found[key]]),
        "steps_per_s": 1e3 / wall_ms,
        "times_theirs": _wall_ms(found, THEIRS) / wall_ms,
    }


def _wall_ms(found: Found, key: tuple[str, str]) -> float:
    middle = median([steps.wall_ms for steps in found[key]])
    assert middle is not None  # there is a round
    return middle
