# SPDX-License-Identifier: Apache-2.0
"""The port that an evaluation runs on: a cell with a policy, and a judge."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rlcg_core.bin_content import NO_FILLING, Filling
from rlcg_core.outcome_sources import Judgement, Source
from rlcg_core.reasons import GateReason, TerminationReason
from rlcg_core.types import ImageArray


@dataclass(frozen=True)
class Wish:
    """The scene that is wanted: all of it follows from ``seed``, ``objects`` and ``filling``.

    ``task``: what somebody has to do for it where no simulator does, empty if nothing.
    """

    seed: int
    objects: str
    filling: Filling = NO_FILLING
    task: str = ""


@dataclass(frozen=True)
class Scene:
    """What a reset made; ``object_names`` in the order of the objects' numbers."""

    renderer: str
    object_names: tuple[str, ...]


@dataclass(frozen=True)
class Attempt:
    """What became of one episode.

    ``gate``: why the gate stopped it, OK if it did not. ``frames``: some of its RGB images.
    ``recording``: path of what was recorded of it, empty if nothing was.
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
    recording: str = ""


class Station(Protocol):
    """A cell with a policy; each call raises `WorldError` if it cannot be done."""

    def reset(self, wish: Wish) -> Scene:
        """Make the scene; afterwards the arm is home, the jaw open, the gate ready."""

    def grasp(self, seed: int) -> Attempt:
        """Run one episode whose decisions are fixed by ``seed`` >= 1."""

    def judge(self, sources: Sequence[Source]) -> tuple[Judgement, ...]:
        """Return what each of these says about the attempt that just ended, in their order."""
