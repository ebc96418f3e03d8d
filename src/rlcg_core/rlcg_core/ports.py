# SPDX-License-Identifier: Apache-2.0
"""The ports: what the core needs of the outside, implemented by adapters at the rim."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rlcg_core.base_pose import BasePose
from rlcg_core.bin_content import NO_FILLING, Filling
from rlcg_core.camera import CameraModel
from rlcg_core.reasons import Outcome
from rlcg_core.types import (
    ArmTrajectory,
    Decision,
    ImageArray,
    JointSample,
    Observation,
    ResetInfo,
    ToolPose,
)

FloatArray = npt.NDArray[np.float64]

# So far apart are the stamps of two scenes that nobody takes a picture or a joint state of the old
# one for one of the new.
RESET_TAKES_S = 1.0


@dataclass(frozen=True)
class Truth:
    """What a world knows about the running attempt. Objects go by number, from 0 as drawn.

    ``lifted``: those held up. ``target``: the one nearest to the tool as seen from above, the
    lifted one if there is one, -1 in an empty bin.
    """

    outcome: Outcome
    lifted: tuple[int, ...]
    target: int


class Policy(Protocol):
    """Anything that turns one observation into one decision."""

    def reset(self, seed: int) -> None:
        """Begin an episode; the same seed and observations repeat the same decisions."""

    def decide(self, observation: Observation) -> Decision:
        """Return the decision; raises `InputError` on an observation that does not fit."""


class Kinematics(Protocol):
    """Forward and inverse kinematics of one arm, tool pointing down."""

    def tool_pose(self, joints_rad: FloatArray) -> ToolPose:
        """Return the tool pose of joint positions (n,)."""

    def joints(self, pose: ToolPose, seed_rad: FloatArray) -> FloatArray:
        """Return joint positions (n,) near ``seed_rad``; raises `KinematicsError` if none."""


class World(Protocol):
    """A robot cell as the ROS side sees it: PyBullet, or a mock without physics."""

    renderer: str
    camera: CameraModel

    @property
    def time_s(self) -> float:
        """Simulated time since the world was made; never goes back, not even at a reset."""

    def reset(self, seed: int, objects: str, filling: Filling = NO_FILLING) -> ResetInfo:
        """Arm home, gripper open, bin filled from ``objects`` by ``seed``; raises `WorldError`.

        ``time_s`` moves on by `RESET_TAKES_S`. Objects left out by ``filling`` are named too, so
        that a number means the same object while the others come and go.
        """

    def command_arm(self, trajectory: ArmTrajectory) -> None:
        """Replace the running trajectory by this one, starting now."""

    def command_gripper(self, opening_m: float) -> None:
        """Drive the jaw towards an opening [m], force-limited."""

    def advance(self, duration_s: float) -> None:
        """Let time pass: step physics and follow the commands."""

    @property
    def base_pose(self) -> BasePose:
        """Where the arm's base stands; the nominal place for a fixed one."""

    def drive_base(self, step: BasePose) -> None:
        """Move a mobile base by a little in its own frame, bins and objects staying on the floor.

        The arm goes with it as it is.
        """

    def joint_sample(self) -> JointSample:
        """Return the measured arm joints and the gripper joint."""

    def render(self) -> ImageArray:
        """Return the camera's RGB image, uint8 of shape (512, 640, 3)."""

    def outcome(self) -> Outcome:
        """Return the truth about the running attempt: is an object held up?"""

    def truth(self) -> Truth:
        """Return outcome, lifted objects and the one that was grasped at."""

    def close(self) -> None:
        """Release the world."""
