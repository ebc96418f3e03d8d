# SPDX-License-Identifier: Apache-2.0
"""A bar: a number that a measurement must reach, and whether it did."""

from dataclasses import dataclass
from typing import Literal

from rlcg_core.errors import ConfigError

Direction = Literal["at least", "at most"]


@dataclass(frozen=True)
class Bar:
    """What was found against what was asked for; both in the unit that ``name`` gives.

    ``found`` None: not measured in this run. ``applies`` False: asked of another kind of machine;
    ``note`` says why, or what stands in the way.
    """

    name: str
    found: float | None
    limit: float
    direction: Direction
    applies: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        if self.direction not in ("at least", "at most"):
            raise ConfigError(
                f"direction of bar {self.name} is {self.direction!r}, expected 'at least' or "
                "'at most'"
            )

    @property
    def holds(self) -> bool | None:
        """Whether the bar holds; None where nothing was measured or it does not apply."""
        if self.found is None or not self.applies:
            return None
        if self.direction == "at least":
            return self.found >= self.limit
        return self.found <= self.limit

    @property
    def verdict(self) -> str:
        """Return 'holds', 'misses', 'not measured' or 'not for this machine'."""
        if not self.applies:
            return "not for this machine"
        return {True: "holds", False: "misses", None: "not measured"}[self.holds]
