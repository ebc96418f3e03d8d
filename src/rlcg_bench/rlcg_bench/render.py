# SPDX-License-Identifier: Apache-2.0
"""Frames from the simulator, written by a process of its own: `python -m rlcg_bench.render`.

Scenes and objects are of the training range: what is measured is time, and which of two forms of
the same network chooses what. No success is claimed from them.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rlcg_bench.frame import Frame, save
from rlcg_core import seeds, strict_json
from rlcg_core.bundle import MANIFEST
from rlcg_core.cell import ROBOT1
from rlcg_core.gate_checks import GateError
from rlcg_core.golden import pattern_noise
from rlcg_core.manifest import Manifest
from rlcg_core.types import Action, Observation
from rlcg_sim.description import find_urdf
from rlcg_sim.motion import CellStepper
from rlcg_sim.pybullet_world import PyBulletWorld

LOOKS_PER_SCENE = 5
# Far beyond the attempts that are trained on.
FIRST_SCENE = 900_000


def observations(count: int) -> Iterator[Observation]:
    """Yield observations on the way down, `LOOKS_PER_SCENE` of each scene."""
    with PyBulletWorld(ROBOT1, find_urdf(ROBOT1.urdf)) as world:
        stepper = CellStepper(world)
        for number in range(count):
            scene, look = divmod(number, LOOKS_PER_SCENE)
            if look == 0:
                rng = np.random.default_rng(scene)
                world.reset(seeds.training_seed(FIRST_SCENE + scene), "mixed_train")
                stepper.restart()
            yield stepper.observe()
            move_m = rng.uniform((-0.04, -0.04, -0.04), (0.04, 0.04, 0.0))
            try:
                stepper.perform(Action(move_m, float(rng.uniform(-0.3, 0.3))))
            except GateError:
                continue  # the arm stays, and so the next frame is of the same pose


def write(folder: Path, model: Path, count: int) -> None:
    """Write ``count`` frames with the noise and start of the search that ``model`` is made for."""
    manifest = strict_json.read(Manifest, model / MANIFEST)
    start = manifest.cem_start
    for number, seen in enumerate(observations(count)):
        state = [float(seen.gripper_closed), seen.height_above_tray_m]
        frame = Frame(
            image=seen.image_hwc,
            state=np.array(state, np.float32),
            cem_mean0=np.array(start.mean0, np.float32),
            cem_std0=np.array(start.std0, np.float32),
            noise=pattern_noise(number + 1, manifest.cem.noise_shape),
        )
        save(folder, number, frame)


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
