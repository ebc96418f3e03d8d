# SPDX-License-Identifier: Apache-2.0
"""PyBullet's own grasping environment, the yardstick of the simulator.

It comes with the pybullet wheel and was written for gym, the forerunner of gymnasium. Here it
finds gymnasium under that name, which has all that it uses (Env, spaces, seeding), and the
packages' own ``__init__``, which register environments in gym's old way, are left out. Both last
as long as the process, so load it in one of its own. The environment's code runs as it is.
"""

import importlib.util
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import gymnasium.utils.seeding
import pybullet
import setuptools  # noqa: F401  # brings distutils, which Python 3.12 has not

from rlcg_core.errors import WorldError

MODULE = "pybullet_envs.bullet.kuka_diverse_object_gym_env"
GYM = {
    "gym": gymnasium,
    "gym.spaces": gymnasium.spaces,
    "gym.utils": gymnasium.utils,
    "gym.utils.seeding": gymnasium.utils.seeding,
}


def make(width_px: int, height_px: int, sub_steps: int, egl: bool) -> Any:
    """Return a KukaDiverseObjectEnv that never ends an episode by its number of steps.

    ``egl``: draw with the EGL plugin, which the environment itself does not load, in the place of
    TinyRenderer. Actions are dx, dy, dz, da in [-1, 1]. Raises `WorldError` without the plugin.
    """
    sys.modules.update(GYM)
    for name in ("pybullet_envs", "pybullet_envs.bullet"):
        package = types.ModuleType(name)
        package.__path__ = [str(Path(pybullet.__file__).parent.joinpath(*name.split(".")))]
        sys.modules[name] = package
    warnings.simplefilter("ignore")
    env = importlib.import_module(MODULE).KukaDiverseObjectEnv(
        actionRepeat=sub_steps,
        removeHeightHack=True,
        maxSteps=sys.maxsize,
        width=width_px,
        height=height_px,
    )
    if egl:
        _load_egl()
    env.reset()
    return env


def _load_egl() -> None:
    found = importlib.util.find_spec("eglRenderer")
    if found is None or pybullet.loadPlugin(found.origin, "_eglRendererPlugin") < 0:
        raise WorldError("the EGL renderer did not load, expected a Mesa or GPU driver for EGL")
