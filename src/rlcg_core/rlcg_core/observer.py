# SPDX-License-Identifier: Apache-2.0
"""From the newest image and joint states to the policy's observation."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rlcg_core.cell import Cell
from rlcg_core.errors import InputError
from rlcg_core.ports import Kinematics
from rlcg_core.types import Action, ImageArray, JointSample, Observation, ToolPose

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SensedImage:
    """A frame, its camera's projection, its stamp (ROS clock) and its receipt (monotonic clock)."""

    image_hwc: ImageArray
    projection_base_to_px: FloatArray
    stamp_s: float
    receipt_s: float


@dataclass(frozen=True)
class SensedJoints:
    """Measured joints; ``sample.stamp_s`` on the ROS clock, receipt on the monotonic clock."""

    sample: JointSample
    receipt_s: float


class Observer:
    """Builds observations of one cell; raises `InputError` for what does not fit."""

    def __init__(self, cell: Cell, kinematics: Kinematics) -> None:
        """``kinematics`` is of ``cell.arm``, joints in the order of its ``joint_names``."""
        self._cell = cell
        self._kinematics = kinematics

    def tool_pose(self, joints: SensedJoints) -> ToolPose:
        """Return the measured tool pose in the base frame."""
        joints_rad = joints.sample.pick(self._cell.arm.joint_names)
        if not np.all(np.isfinite(joints_rad)):
            raise InputError(f"joint positions are {joints_rad.tolist()}, expected finite numbers")
        return self._kinematics.tool_pose(joints_rad)

    def gripper_closed(self, joints: SensedJoints) -> bool:
        """Return whether the measured opening is nearer to closed than to open."""
        gripper = self._cell.gripper
        return bool(joints.sample.pick((gripper.joint_name,))[0] < 0.5 * gripper.opening_max_m)

    def observe(self, image: SensedImage, tool: ToolPose, gripper_closed: bool) -> Observation:
        """Return the checked observation."""
        height_m = float(tool.position_m[2]) - self._cell.bin.floor_z_m
        return Observation(
            image_hwc=image.image_hwc,
            gripper_closed=gripper_closed,
            height_above_tray_m=height_m,
            tool_pose=tool,
            projection_base_to_px=image.projection_base_to_px,
            stamp_s=image.stamp_s,
        ).check()

    def inside(self, action: Action, tool: ToolPose) -> Action:
        """Return the action cut so that its target lies in the cell's workspace.

        A tool outside is not pushed back in: an axis that is out may only stay or come back.
        """
        box, now_m = self._cell.workspace, tool.position_m
        low_m = np.minimum(np.array(box.low_m) - now_m, 0.0)
        high_m = np.maximum(np.array(box.high_m) - now_m, 0.0)
        return replace(action, displacement_m=np.clip(action.displacement_m, low_m, high_m))
