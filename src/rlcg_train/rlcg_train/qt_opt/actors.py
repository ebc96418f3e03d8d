# SPDX-License-Identifier: Apache-2.0
"""A learner with actors beside it: they end together, and neither goes on without the other."""

import multiprocessing
import signal
from multiprocessing.process import BaseProcess
from types import FrameType

from rlcg_core.errors import DataError
from rlcg_train.qt_opt.collection import CollectionSettings, start_actors
from rlcg_train.qt_opt.run import Run


def run_with_actors(run: Run, actors: list[CollectionSettings]) -> str:
    """Learn while actors collect; SIGINT and SIGTERM end both, with a checkpoint.

    Raises `DataError` as `Run.go` does, and if an actor fails.
    """
    stop = multiprocessing.get_context("spawn").Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {s: signal.signal(s, on_signal) for s in (signal.SIGINT, signal.SIGTERM)}
    processes: list[BaseProcess] = [p for one in actors for p in start_actors(one, stop)]

    def asked_to_stop() -> bool:
        if not stop.is_set():  # actors may end before that is seen, or after
            _check_alive(processes)
        return stop.is_set()

    try:
        return run.go(asked_to_stop)
    finally:
        stop.set()
        for process in processes:
            process.join(timeout=60.0)
            process.kill()  # one that hangs; its log holds whatever it finished
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_alive(actors: list[BaseProcess]) -> None:
    """Raise `DataError` if an actor failed: without fresh episodes the run is another one."""
    failed = [str(actor.exitcode) for actor in actors if actor.exitcode]
    if failed:
        raise DataError(
            f"{len(failed)} of {len(actors)} actors ended with code {', '.join(failed)}: see what "
            "they printed above; start the run again to go on"
        )
