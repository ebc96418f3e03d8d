# SPDX-License-Identifier: Apache-2.0
"""The simulators that are compared, each as a function that does one control step and its image.

All have five objects in the bin; the arm moves sideways above it by random steps. A control step
is 80 physics steps of 1/240 s and one picture of 640 x 512.
"""

import numpy as np

from rlcg_bench import kuka_env
from rlcg_bench.timed_process import Work
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import WorldError
from rlcg_core.robots import ROBOTS, Robot
from rlcg_core.types import Action
from rlcg_sim.description import find_urdf
from rlcg_sim.motion import CellStepper
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_sim.scene import TIME_STEP_S

SUB_STEPS = 80
# So far the arm goes in 80 physics steps at its speed limit, in any direction.
STRIDE_M = 0.03
TURN_RAD = 0.3
SEED = 1


def ours(renderer: str, robot: Robot = ROBOTS["robot1"]) -> Work:
    """Return rlcg_sim, reset, named by its renderer; raises `WorldError` without that.

    A step raises `WorldError` if it is unlike the others' in physics steps or size of picture.
    """
    world = PyBulletWorld(robot.cell, find_urdf(robot.cell.urdf), renderer=renderer)
    world.reset(SEED, robot.train_objects)
    stepper, rng = CellStepper(world), np.random.default_rng(SEED)

    def step() -> int:
        begun_s = world.time_s
        x_m, y_m = rng.uniform(-STRIDE_M, STRIDE_M, 2)
        turn_rad = float(rng.uniform(-TURN_RAD, TURN_RAD))
        stepper.perform(Action(np.array([x_m, y_m, 0.0]), turn_rad))
        done = round((world.time_s - begun_s) / TIME_STEP_S)
        _check(done, stepper.observe().image_hwc.shape)
        return 1

    return Work(world.renderer, step)


def ours_of_robot2(renderer: str) -> Work:
    """Return rlcg_sim with three bins and six household shapes; raises as `ours`."""
    return ours(renderer, ROBOTS["robot2"])


def theirs(renderer: str) -> Work:
    """Return KukaDiverseObjectEnv, reset; ``renderer`` is tiny, as it comes, or egl."""
    camera = ROBOT1.camera
    env = kuka_env.make(camera.width_px, camera.height_px, SUB_STEPS, renderer == "egl")
    rng = np.random.default_rng(SEED)

    def step() -> int:
        dx, dy, da = rng.uniform(-1.0, 1.0, 3)
        image_hwc, _, done, _ = env.step([dx, dy, 0.0, da])
        # An attempt to grasp would be a thousand physics steps more.
        _check(0 if done else SUB_STEPS, image_hwc.shape)
        return 1

    return Work(renderer, step)


def _check(sub_steps: int, shape: tuple[int, ...]) -> None:
    expected = (SUB_STEPS, (ROBOT1.camera.height_px, ROBOT1.camera.width_px, 3))
    if (sub_steps, shape) != expected:
        raise WorldError(f"a control step had {(sub_steps, shape)}, expected {expected}")


WORLDS = {
    "rlcg_sim": ours,
    "rlcg_sim, robot 2": ours_of_robot2,
    "KukaDiverseObjectEnv": theirs,
}
