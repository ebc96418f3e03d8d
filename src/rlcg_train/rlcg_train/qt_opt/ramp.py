# SPDX-License-Identifier: Apache-2.0
"""Numbers that change while a run goes on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ramp:
    """A number that goes from ``first`` to ``last`` between two cycles, and stays there."""

    first: float
    last: float
    begin: int = 0
    end: int = 1

    def at(self, cycle: int) -> float:
        """Return the number at a cycle."""
        part = (cycle - self.begin) / max(1, self.end - self.begin)
        return self.first + (self.last - self.first) * min(max(part, 0.0), 1.0)
