# SPDX-License-Identifier: Apache-2.0
"""What the gate answers."""

from dataclasses import dataclass

from rlcg_core.motion import Motion
from rlcg_core.reasons import GateReason


@dataclass(frozen=True)
class Verdict:
    """What the gate decided: the reason, the same for people, and what is to be sent, if anything.

    A refusal may carry a motion: the hold that stops the arm.
    """

    reason: GateReason
    text: str
    motion: Motion | None = None

    @property
    def accepted(self) -> bool:
        """True if what was asked for is done."""
        return self.reason is GateReason.OK
