# SPDX-License-Identifier: Apache-2.0
"""Opens worlds with the objects of `real_proxy`, in its look or in another."""

from dataclasses import dataclass
from pathlib import Path

from rlcg_core.cell import ROBOT1, Cell
from rlcg_proxy.objects import draw_test, draw_train
from rlcg_proxy.real_look import make_look
from rlcg_sim.looks import built_in
from rlcg_sim.objects import BUILT_IN
from rlcg_sim.pybullet_world import PyBulletWorld

REAL_PROXY = "real_proxy"
LOOKS = (REAL_PROXY, *built_in.LOOKS)
OBJECT_SETS = {**BUILT_IN, "proxy_train": draw_train, "proxy_test": draw_test}


@dataclass(frozen=True)
class ProxyWorlds:
    """A `rlcg_sim.makers.WorldMaker`. ``look``: one of `LOOKS`, to tell apart what a gap is of."""

    look: str = REAL_PROXY
    cell: Cell = ROBOT1

    def __call__(self, urdf: Path, renderer: str) -> PyBulletWorld:
        """Return a world; raises `ConfigError` for an unknown look, `WorldError`."""
        look = make_look() if self.look == REAL_PROXY else built_in.make_look(self.look)
        return PyBulletWorld(self.cell, urdf, renderer=renderer, look=look, object_sets=OBJECT_SETS)
