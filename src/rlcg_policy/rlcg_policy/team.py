# SPDX-License-Identifier: Apache-2.0
"""Several robots at once, a thread each."""

import threading
from collections.abc import Callable, Sequence

from rlcg_policy.evaluation import Evaluation


class Team:
    """Runs evaluations side by side; the first error ends them all."""

    def __init__(self, evaluations: Sequence[Evaluation]) -> None:
        self._evaluations = evaluations
        self._lock = threading.Lock()
        self._error: BaseException | None = None

    def run(self, on_error: Callable[[], None]) -> None:
        """Return when all are done; raises the first error, after ``on_error`` stopped the rest."""
        if len(self._evaluations) == 1:
            self._evaluations[0].run()
            return
        threads = [
            threading.Thread(target=self._one, args=(one, on_error), name=f"robot {number}")
            for number, one in enumerate(self._evaluations, 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._error is not None:
            raise self._error

    def _one(self, evaluation: Evaluation, on_error: Callable[[], None]) -> None:
        try:
            evaluation.run()
        except BaseException as error:
            with self._lock:
                first = self._error is None
                self._error = error if first else self._error
            if first:
                on_error()
