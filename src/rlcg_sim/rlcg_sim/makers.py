# SPDX-License-Identifier: Apache-2.0
"""How a program opens its worlds; made once, handed to each of its processes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rlcg_core.cell import ROBOT1, Cell
from rlcg_sim.looks.built_in import make_look
from rlcg_sim.pybullet_world import PyBulletWorld


class WorldMaker(Protocol):
    """Opens worlds; can be pickled."""

    def __call__(self, urdf: Path, renderer: str) -> PyBulletWorld:
        """Return a world; raises `WorldError`. ``renderer``: auto, egl or tiny."""


@dataclass(frozen=True)
class BuiltInWorlds:
    """Opens worlds of a look of `rlcg_sim.looks.built_in.LOOKS`; the rest as in `sim`."""

    look: str = "sim"
    cell: Cell = ROBOT1

    def __call__(self, urdf: Path, renderer: str) -> PyBulletWorld:
        """Return a world; raises `ConfigError` for an unknown look, `WorldError`."""
        return PyBulletWorld(self.cell, urdf, renderer=renderer, look=make_look(self.look))
