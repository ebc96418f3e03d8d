# SPDX-License-Identifier: Apache-2.0
"""The cell as a Gymnasium environment: `gymnasium.make("rlcg/Grasp-v0")`.

One episode is one grasp attempt by the spec's actions; reward 1 when the episode is terminated
with an object held up, 0 otherwise (QT-Opt, section 4.2, without the step penalty).
"""

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from rlcg_core import spec
from rlcg_core.cell import ROBOT1
from rlcg_core.gate_checks import GateError
from rlcg_core.reasons import GateReason, Outcome
from rlcg_core.types import Action
from rlcg_sim.description import find_urdf
from rlcg_sim.motion import CellStepper
from rlcg_sim.pybullet_world import PyBulletWorld

STEP_LIMIT = 20

FloatArray = npt.NDArray[np.float32]
Observed = dict[str, npt.NDArray[Any]]


class GraspEnv(gymnasium.Env[Observed, FloatArray]):
    """Observation: ``image`` uint8 (512, 640, 3), ``state`` (2,) and ``tool_pose`` (4,).

    Actions are the spec's vector (8,) within its box. Off the unit circle, (sin, cos) is
    normalised and cut to the yaw bound; of close and open the larger counts when above 0.5.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 3}  # noqa: RUF012

    def __init__(
        self,
        objects: str = "mixed_train",
        renderer: str = "auto",
        render_mode: str | None = None,
        urdf: Path | None = None,
    ) -> None:
        self.render_mode = render_mode
        self._objects = objects
        self._world = PyBulletWorld(ROBOT1, urdf or find_urdf(ROBOT1.urdf), renderer=renderer)
        self._stepper = CellStepper(self._world)
        self._steps = 0
        low, high = _float32(spec.ACTION_LOW), _float32(spec.ACTION_HIGH)
        self.action_space = spaces.Box(low, high, dtype=np.float32)
        shape = (spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX, spec.IMAGE_CHANNELS)
        state_low = _float32([field.low for field in spec.STATE_FIELDS])
        state_high = _float32([field.high for field in spec.STATE_FIELDS])
        self.observation_space = spaces.Dict(
            {
                "image": spaces.Box(0, 255, shape, np.uint8),
                "state": spaces.Box(state_low, state_high, dtype=np.float32),
                "tool_pose": spaces.Box(-np.pi - 1e-3, np.pi + 1e-3, (4,), np.float32),
            }
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observed, dict[str, Any]]:
        """Refill the bin. A given seed is the scene; without one, the next of a stream is."""
        super().reset(seed=seed)
        scene_seed = seed if seed is not None else int(self.np_random.integers(2**31))
        info = self._world.reset(scene_seed, self._objects)
        self._stepper.restart()
        self._steps = 0
        return self._observe(), {"renderer": info.renderer, "objects": info.object_names}

    def step(self, action: FloatArray) -> tuple[Observed, float, bool, bool, dict[str, Any]]:
        """Carry out one action; what the gate refuses moves nothing and says so in the info."""
        checked = action_from_box(action)
        reason = GateReason.OK
        try:
            self._stepper.perform(checked)
        except GateError as error:
            reason = error.reason
        self._steps += 1
        truncated = self._steps >= STEP_LIMIT and not checked.terminate
        success = checked.terminate and self._world.outcome() == Outcome.SUCCESS
        info = {"gate": reason.name, "success": success}
        return self._observe(), float(success), checked.terminate, truncated, info

    def _observe(self) -> Observed:
        seen = self._stepper.observe()
        state = _float32([seen.gripper_closed, seen.height_above_tray_m])
        pose = _float32([*seen.tool_pose.position_m, seen.tool_pose.yaw_rad])
        return {"image": seen.image_hwc, "state": state, "tool_pose": pose}

    def render(self) -> npt.NDArray[np.uint8]:
        """Return the camera's picture."""
        return self._world.render()

    def close(self) -> None:
        """Release the world."""
        self._world.close()


def _float32(values: npt.ArrayLike) -> FloatArray:
    return np.asarray(values, np.float32)


def action_from_box(values: npt.ArrayLike) -> Action:
    """Map any point of the action box to an action of the spec."""
    a = np.clip(np.asarray(values, np.float64), spec.ACTION_LOW, spec.ACTION_HIGH)
    yaw_rad = float(np.arctan2(a[3], a[4])) if np.hypot(a[3], a[4]) > 1e-6 else 0.0
    yaw_rad = float(np.clip(yaw_rad, -spec.YAW_BOUND_RAD, spec.YAW_BOUND_RAD))
    close = bool(a[5] > 0.5 and a[5] >= a[6])
    return Action(a[:3], yaw_rad, close, bool(a[6] > 0.5 and not close), bool(a[7] > 0.5))
