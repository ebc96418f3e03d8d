# SPDX-License-Identifier: Apache-2.0
"""A four-joint gantry: joints are x, y, z [m] and yaw [rad], so that kinematics can be read off."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core import spec
from rlcg_core.cell import GripperDescription, Workspace
from rlcg_core.errors import KinematicsError
from rlcg_core.gate import Gate
from rlcg_core.gate_checks import GateCommand
from rlcg_core.joint_history import Instant
from rlcg_core.limits import GateLimits
from rlcg_core.motion import MotionPlanner
from rlcg_core.types import Action, JointSample, ToolPose
from rlcg_core.verdict import Verdict

FloatArray = npt.NDArray[np.float64]

NAMES = ("x", "y", "z", "yaw")
START = np.array([0.5, 0.0, 0.2, 0.0])
LIMITS = GateLimits(
    joint_names=NAMES,
    position_limit_rad=(1.0, 1.0, 1.0, 3.0),
    speed_limit_rad_s=(2.0, 2.0, 2.0, 3.0),
    workspace=Workspace((0.3, -0.3, 0.0), (0.7, 0.3, 0.4)),
    base_frame="base",
    tool_speed_limit_m_s=0.25,
    control_rate_hz=3.0,
)
GRIPPER = GripperDescription("jaw", 0.08, 0.5)


class Gantry:
    """`rlcg_core.ports.Kinematics` with a reach of 0.95 m per axis."""

    def tool_pose(self, joints_rad: FloatArray) -> ToolPose:
        return ToolPose(np.array(joints_rad[:3]), float(joints_rad[3]))

    def joints(self, pose: ToolPose, seed_rad: FloatArray) -> FloatArray:
        if np.any(np.abs(pose.position_m) > 0.95):
            raise KinematicsError(f"{pose.position_m} is out of reach")
        return np.array([*pose.position_m, pose.yaw_rad])


@dataclass
class Bench:
    """A gate on the gantry with clocks that stand still until told; ROS time leads by 100 s."""

    limits: GateLimits = LIMITS
    monotonic_s: float = 10.0
    episode: int = 0
    sent: int = 0

    def __post_init__(self) -> None:
        self.gate = Gate(self.limits, MotionPlanner(self.limits, GRIPPER, Gantry()), "jaw")

    @property
    def now(self) -> Instant:
        return Instant(self.monotonic_s + 100.0, self.monotonic_s)

    def ready(self, joints: FloatArray = START) -> "Bench":
        self.measure(joints)
        self.gate.activate(self.now)
        return self

    def measure(self, joints: FloatArray = START, jaw_m: float = 0.08) -> None:
        positions = np.append(joints, jaw_m)
        sample = JointSample((*NAMES, "jaw"), positions, np.zeros(5), self.now.ros_s)
        self.gate.observe(sample, self.now)

    def pass_time(self, seconds: float, joints: FloatArray = START) -> None:
        self.monotonic_s += seconds
        self.measure(joints)

    def command(self, wanted: Action | FloatArray, **changes: object) -> GateCommand:
        """Return the next command of the running episode."""
        numbers = wanted.to_array() if isinstance(wanted, Action) else wanted
        self.sent += 1
        values: dict[str, object] = {
            "action": numbers,
            "stamp_s": self.now.ros_s,
            "frame_id": "base",
            "spec_fingerprint": spec.fingerprint(),
            "receipt_s": self.monotonic_s,
            "episode_id": f"e{self.episode}",
            "step": self.sent,
        }
        return GateCommand(**(values | changes))  # type: ignore[arg-type]


def is_hold(verdict: Verdict, joints: np.ndarray = START) -> bool:
    """Whether a verdict sends the arm nowhere but where it is."""
    motion = verdict.motion
    return motion is not None and np.array_equal(motion.trajectory.positions, joints[None])
