# SPDX-License-Identifier: Apache-2.0
"""When the next decision is due, in step with a camera that has a rate of its own."""


class Pace:
    """Holds a rate on average while each decision waits for a frame.

    A frame that comes up to ``early`` periods before its time is taken: waiting for the next one
    would be later still. What was lost to a slow machine is not made up for.
    """

    def __init__(self, period_s: float, early: float = 0.3) -> None:
        """``period_s`` 0 means: every frame."""
        self._period_s, self._early = period_s, early
        self._due_s = float("-inf")

    def ready(self, now_s: float) -> bool:
        """Whether a decision at ``now_s`` is due."""
        return now_s >= self._due_s - self._early * self._period_s

    def note(self, now_s: float) -> None:
        """Take in that a decision was made at ``now_s``."""
        late = now_s - self._due_s > self._period_s
        self._due_s = (now_s if late else self._due_s) + self._period_s
