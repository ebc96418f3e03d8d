# SPDX-License-Identifier: Apache-2.0
"""Each command passes once: steps rise within an episode, and what is over stays over."""

from collections import deque

from rlcg_core.gate_checks import GateError
from rlcg_core.reasons import GateReason

EPISODES_REMEMBERED = 1024


class CommandSequence:
    """Remembers the running episode, its last step, and the episodes that are over.

    A link that stalls half-open delivers old commands later, and a transport may repeat one: both
    are told from new ones by episode and step, whatever their stamps say.
    """

    def __init__(self) -> None:
        self._running: str | None = None
        self._last_step = -1
        self._over: deque[str] = deque(maxlen=EPISODES_REMEMBERED)

    @property
    def running(self) -> bool:
        """Whether an episode is under way."""
        return self._running is not None

    def check(self, episode_id: str, step: int) -> None:
        """Raise `GateError` (REPLAY) for a command that came before or belongs to the past."""
        if episode_id in self._over:
            raise GateError(
                GateReason.REPLAY,
                f"command is step {step} of episode '{episode_id}', which is over, expected one of "
                "a new episode",
            )
        if episode_id == self._running and step <= self._last_step:
            raise GateError(
                GateReason.REPLAY,
                f"command is step {step} of episode '{episode_id}', expected one after step "
                f"{self._last_step}: each command is carried out once",
            )

    def accept(self, episode_id: str, step: int) -> bool:
        """Note a command that passed; True if it begins an episode. Any other one is then over."""
        begins = episode_id != self._running
        if begins:
            self.end()
        self._running, self._last_step = episode_id, step
        return begins

    def end(self) -> None:
        """The running episode is over: it ended, or the gate stopped it."""
        if self._running is not None:
            self._over.append(self._running)
        self._running, self._last_step = None, -1
