# SPDX-License-Identifier: Apache-2.0
"""Values that travel between the parts: observation, action, decision, joint states."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rlcg_core import spec
from rlcg_core.errors import InputError, SpecError

FloatArray = npt.NDArray[np.float64]
ImageArray = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class ToolPose:
    """Pose of the tool centre point in the robot base frame, tool pointing down.

    ``position_m`` has shape (3,); ``yaw_rad`` is the rotation about base z.
    """

    position_m: FloatArray
    yaw_rad: float

    def moved(self, action: "Action") -> "ToolPose":
        """Return this pose after ``action``; yaw is wrapped to (-pi, pi]."""
        yaw = self.yaw_rad + action.yaw_change_rad
        wrapped = float(np.arctan2(np.sin(yaw), np.cos(yaw)))
        return ToolPose(self.position_m + action.displacement_m, wrapped)


@dataclass(frozen=True)
class Action:
    """One policy step, in the order of `rlcg_core.spec.ACTION_FIELDS`."""

    displacement_m: FloatArray
    yaw_change_rad: float = 0.0
    close: bool = False
    open: bool = False
    terminate: bool = False

    def to_array(self) -> FloatArray:
        """Return the spec's vector of shape (8,)."""
        yaw, flags = self.yaw_change_rad, (self.close, self.open, self.terminate)
        return np.array([*self.displacement_m, np.sin(yaw), np.cos(yaw), *map(float, flags)])

    @classmethod
    def from_array(cls, values: npt.ArrayLike) -> "Action":
        """Check ``values`` against the spec and return the action; raises `SpecError`."""
        a = spec.check_action(values)
        yaw_rad = float(np.arctan2(a[3], a[4]))
        return cls(a[:3].copy(), yaw_rad, bool(a[5] > 0.5), bool(a[6] > 0.5), bool(a[7] > 0.5))

    @property
    def asks_to_stop(self) -> bool:
        """Whether it ends the episode and moves nothing: safe however old its image is."""
        still = not np.any(self.displacement_m) and self.yaw_change_rad == 0.0
        return self.terminate and still and not self.close and not self.open

    @classmethod
    def hold(cls) -> "Action":
        """Return the action that moves nothing."""
        return cls(np.zeros(3))


@dataclass(frozen=True)
class Observation:
    """What the policy sees at one instant.

    ``image_hwc``: uint8 RGB of shape (512, 640, 3). ``stamp_s``: exposure time on the ROS clock.
    ``projection_base_to_px``: (3, 4) matrix that takes homogeneous base coordinates [m] to
    homogeneous pixels of the full image; needed by bundles that declare it.
    """

    image_hwc: ImageArray
    gripper_closed: bool
    height_above_tray_m: float
    tool_pose: ToolPose
    projection_base_to_px: FloatArray
    stamp_s: float

    def check(self) -> "Observation":
        """Return self if it fits the spec; raise `InputError` otherwise."""
        expected = (spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX, spec.IMAGE_CHANNELS)
        if self.image_hwc.shape != expected or self.image_hwc.dtype != np.uint8:
            raise InputError(
                f"image is {self.image_hwc.shape} {self.image_hwc.dtype}, expected {expected} "
                "uint8 RGB: set the camera to 640x512 or resize before the policy"
            )
        numbers = (self.height_above_tray_m, *self.tool_pose.position_m, self.tool_pose.yaw_rad)
        if not np.all(np.isfinite(numbers)) or not np.all(np.isfinite(self.projection_base_to_px)):
            raise InputError(
                "state or camera projection has non-finite numbers: check joint_states"
            )
        return self


@dataclass(frozen=True)
class Decision:
    """What the policy decided on one observation.

    ``q_value`` in (0, 1). ``cem_mean`` and ``cem_std`` are of the last CEM fit, in the order and
    units of the bundle's CEM variables. ``goal``: the pose that the policy servos to, if any.
    ``network_ran``: False where a rule alone decided; Q and CEM are then those of before.
    """

    action: Action
    q_value: float
    cem_mean: FloatArray
    cem_std: FloatArray
    phase: str = "servo"
    goal: ToolPose | None = None
    network_ran: bool = True


@dataclass(frozen=True)
class JointSample:
    """Measured joint positions [rad, or m for the gripper] and velocities, matched by name."""

    names: tuple[str, ...]
    positions: FloatArray
    velocities: FloatArray
    stamp_s: float = 0.0

    def pick(self, wanted: tuple[str, ...]) -> FloatArray:
        """Return the positions of ``wanted`` in that order; raises `InputError` if one lacks."""
        missing = [name for name in wanted if name not in self.names]
        if missing:
            raise InputError(
                f"joint_states lacks {missing}, it has {list(self.names)}: "
                "set the joint names to those of your robot"
            )
        index = [self.names.index(name) for name in wanted]
        return np.asarray(self.positions, dtype=np.float64)[index]


@dataclass(frozen=True)
class ArmTrajectory:
    """Joint positions to pass through: ``positions`` (n, joints) at ``times_s`` (n,) from now.

    ``velocities`` (n, joints) make the path between the points cubic; without them it is linear,
    as in joint_trajectory_controller.
    """

    positions: FloatArray
    times_s: FloatArray
    velocities: FloatArray | None = None

    def __post_init__(self) -> None:
        if len(self.positions) != len(self.times_s) or len(self.times_s) == 0:
            raise SpecError(
                f"{len(self.positions)} points for {len(self.times_s)} times, need >= 1"
            )


@dataclass(frozen=True)
class ResetInfo:
    """What a world holds after a reset: seed, renderer, names of the objects in the bin."""

    seed: int
    renderer: str
    object_names: tuple[str, ...] = field(default_factory=tuple)
