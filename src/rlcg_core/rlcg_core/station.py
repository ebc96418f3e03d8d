# SPDX-License-Identifier: Apache-2.0
"""The port that an evaluation runs on: a cell with a policy, and a judge."""

import math
from dataclasses import dataclass, field
from typing import Protocol

from rlcg_core.reasons import GateReason, Outcome, TerminationReason
from rlcg_core.types import ImageArray


@dataclass(frozen=True)
class Scene:
    """What a reset made."""

    renderer: str
    object_names: tuple[str, ...]


@dataclass(frozen=True)
class Attempt:
    """What became of one episode.

    ``gate``: why the gate stopped it, OK if it did not. ``frames``: some of its RGB images.
    """

    reason: TerminationReason
    text: str
    steps: int = 0
    last_q: float = math.nan
    step_ms: tuple[float, ...] = ()
    image_to_command_ms: tuple[float, ...] = ()
    network_ran: tuple[bool, ...] = ()
    model: str = ""
    gate: GateReason = GateReason.OK
    frames: tuple[ImageArray, ...] = field(default=(), repr=False)


class Station(Protocol):
    """A cell with a policy; each call raises `WorldError` if it cannot be done."""

    def reset(self, seed: int, objects: str) -> Scene:
        """Fill the bin by ``seed``; afterwards the arm is home, the jaw open, the gate ready."""

    def grasp(self, seed: int) -> Attempt:
        """Run one episode whose decisions are fixed by ``seed`` >= 1."""

    def outcome(self) -> Outcome:
        """Return the truth about the attempt that just ended."""
