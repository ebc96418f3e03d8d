# SPDX-License-Identifier: Apache-2.0
"""The simulated iiwa and its jaw: motors and measured state."""

import hashlib
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pybullet_data

from rlcg_core.cell import Cell
from rlcg_core.errors import WorldError
from rlcg_core.types import JointSample, ToolPose

FloatArray = npt.NDArray[np.float64]

FINGER_JOINTS = ("gripper_left_joint", "gripper_right_joint")
FINGER_FORCE_N = 40.0
FINGER_FRICTION = 1.5
ARM_FORCE_NM = 300.0


class SimArm:
    """One arm in one physics client, base at the world's origin."""

    def __init__(self, client: Any, cell: Cell, urdf: Path) -> None:
        self._client, self._cell = client, cell
        flags = client.URDF_ENABLE_CACHED_GRAPHICS_SHAPES
        self.body = load_robot(client, urdf, flags)
        names = joint_indices(client, self.body)
        wanted = (*cell.arm.joint_names, *FINGER_JOINTS, "tcp_mount")
        missing = [name for name in wanted if name not in names]
        if missing:
            raise WorldError(f"{urdf.name} lacks the joints {missing}, it has {sorted(names)}")
        self._arm = [names[name] for name in cell.arm.joint_names]
        self._fingers = [names[name] for name in FINGER_JOINTS]
        self._tcp = names["tcp_mount"]
        self._gear = self._couple_fingers()
        for finger in self._fingers:
            client.changeDynamics(self.body, finger, lateralFriction=FINGER_FRICTION)

    def _couple_fingers(self) -> int:
        left, right = self._fingers
        gear = self._client.createConstraint(
            self.body, left, self.body, right, self._client.JOINT_GEAR, [0, 1, 0], [0] * 3, [0] * 3
        )
        self._client.changeConstraint(gear, gearRatio=-1, erp=0.2, maxForce=100)
        return int(gear)

    def place(self, joints_rad: FloatArray, opening_m: float) -> None:
        """Teleport to a joint position (n,) and an opening [m]; only resets do this."""
        for index, value in zip(self._arm, joints_rad, strict=True):
            self._client.resetJointState(self.body, index, float(value))
        for finger in self._fingers:
            self._client.resetJointState(self.body, finger, 0.5 * opening_m)
        self.drive(np.asarray(joints_rad, dtype=np.float64), opening_m)

    def drive(self, joints_rad: FloatArray, opening_m: float) -> None:
        """Set the motors' targets: arm stiff, fingers force-limited."""
        client = self._client
        client.setJointMotorControlArray(
            self.body,
            self._arm,
            client.POSITION_CONTROL,
            targetPositions=joints_rad.tolist(),
            forces=[ARM_FORCE_NM] * len(self._arm),
            positionGains=[0.3] * len(self._arm),
        )
        client.setJointMotorControlArray(
            self.body,
            self._fingers,
            client.POSITION_CONTROL,
            targetPositions=[0.5 * opening_m] * 2,
            forces=[FINGER_FORCE_N] * 2,
            positionGains=[0.08] * 2,
        )

    def joint_sample(self) -> JointSample:
        """Return measured arm joints and the jaw opening, stamp left at zero."""
        arm = self._client.getJointStates(self.body, self._arm)
        fingers = self._client.getJointStates(self.body, self._fingers)
        positions = [state[0] for state in arm] + [sum(state[0] for state in fingers)]
        velocities = [state[1] for state in arm] + [sum(state[1] for state in fingers)]
        names = (*self._cell.arm.joint_names, self._cell.gripper.joint_name)
        return JointSample(names, np.array(positions), np.array(velocities))

    def tool_pose(self) -> ToolPose:
        """Return the measured tool pose in the base frame."""
        state = self._client.getLinkState(self.body, self._tcp, computeForwardKinematics=True)
        rotation = np.array(self._client.getMatrixFromQuaternion(state[5])).reshape(3, 3)
        yaw_rad = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
        return ToolPose(np.array(state[4]), yaw_rad)


def joint_indices(client: Any, body: int) -> dict[str, int]:
    """Return the joint numbers of a body by name."""
    info = (client.getJointInfo(body, i) for i in range(client.getNumJoints(body)))
    return {entry[1].decode(): entry[0] for entry in info}


def load_robot(client: Any, urdf: Path, flags: int = 0) -> int:
    """Load a URDF whose meshes are named package://pybullet_data/..., which Bullet cannot find."""
    if not urdf.is_file():
        raise WorldError(f"no robot description at {urdf}, expected a URDF: check parameter urdf")
    text = urdf.read_text().replace("package://pybullet_data", pybullet_data.getDataPath())
    return int(client.loadURDF(str(_stored(text)), useFixedBase=True, flags=flags))


def _stored(text: str) -> Path:
    """Return a file with this text, the same one each time.

    PyBullet keeps some memory for every path it ever loaded: with a new one at each reset, a
    simulation grows.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = Path(_folder().name) / f"{digest}.urdf"
    if not path.exists():
        path.write_text(text)
    return path


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that lasts as long as this process."""
    return tempfile.TemporaryDirectory(prefix="rlcg_sim_")
