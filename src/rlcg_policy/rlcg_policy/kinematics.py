# SPDX-License-Identifier: Apache-2.0
"""Kinematics of one arm from its URDF, by Pinocchio."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pinocchio as pin

from rlcg_core.cell import ArmDescription
from rlcg_core.errors import KinematicsError
from rlcg_core.identity import JointRanges
from rlcg_core.types import ToolPose

FloatArray = npt.NDArray[np.float64]

# Tool z down, tool x along base x: the tool's orientation at yaw 0.
TOOL_DOWN = np.diag([1.0, -1.0, -1.0])


class PinocchioKinematics:
    """`rlcg_core.ports.Kinematics` of a serial arm whose tool points down.

    Inverse kinematics: damped least squares from a seed, the joints kept within the URDF's limits;
    deterministic. ``tolerance_m`` and ``tolerance_rad`` bound the error of what it returns;
    ``max_tilt_rad`` is how far from straight down the tool may stand. ``joint_ranges``: what the
    URDF allows the joints.
    """

    tolerance_m = 1e-5
    tolerance_rad = 1e-4
    max_tilt_rad = 0.35
    max_iterations = 60
    max_step_rad = 0.3
    damping = 1e-3

    def __init__(self, urdf: Path, arm: ArmDescription) -> None:
        if not urdf.is_file():
            raise KinematicsError(f"no robot description at {urdf}, expected a URDF file")
        full = pin.buildModelFromUrdf(str(urdf))
        _check_names(full, arm, urdf)
        others = [full.getJointId(n) for n in list(full.names)[1:] if n not in arm.joint_names]
        self._model = pin.buildReducedModel(full, others, pin.neutral(full))
        self._data = self._model.createData()
        self._base = self._model.getFrameId(arm.base_frame)
        self._tool = self._model.getFrameId(arm.tool_frame)
        self._order = [self._model.joints[self._model.getJointId(n)].idx_q for n in arm.joint_names]
        self._low = self._model.lowerPositionLimit[self._order]
        self._high = self._model.upperPositionLimit[self._order]
        self.joint_ranges = JointRanges(
            self._low, self._high, self._model.velocityLimit[self._order]
        )

    def tool_pose(self, joints_rad: FloatArray) -> ToolPose:
        """Return the tool pose of joints (n,); raises `KinematicsError` if the tool is tilted."""
        transform_tool_to_base = self._forward(np.asarray(joints_rad, dtype=np.float64))
        rotation = transform_tool_to_base.rotation
        tilt_rad = float(np.arccos(np.clip(-rotation[2, 2], -1.0, 1.0)))
        if tilt_rad > self.max_tilt_rad:
            raise KinematicsError(
                f"the tool is tilted by {tilt_rad:.2f} rad from straight down, expected at most "
                f"{self.max_tilt_rad:g} rad: call ~/home of the arm node"
            )
        yaw_rad = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
        return ToolPose(transform_tool_to_base.translation.copy(), yaw_rad)

    def transform_tool_to_base(self, joints_rad: FloatArray) -> FloatArray:
        """Return the tool's pose (4, 4) in the base frame, whichever way it points."""
        return np.asarray(self._forward(np.asarray(joints_rad, dtype=np.float64)).homogeneous)

    def joints(self, pose: ToolPose, seed_rad: FloatArray) -> FloatArray:
        """Return joints (n,) near ``seed_rad`` that take the tool to ``pose``, pointing down.

        Raises `KinematicsError` with the position wanted and the nearest one found.
        """
        rotation = pin.utils.rotate("z", pose.yaw_rad) @ TOOL_DOWN
        goal = pin.SE3(rotation, np.asarray(pose.position_m, dtype=np.float64))
        joints = np.clip(np.asarray(seed_rad, dtype=np.float64), self._low, self._high)
        for _ in range(self.max_iterations):
            error = self._error(joints, goal)
            if self._good(error):
                return joints
            joints = np.clip(joints + self._step(joints, error), self._low, self._high)
        raise self._unreachable(joints, pose)

    def _configuration(self, joints: FloatArray) -> FloatArray:
        configuration = np.empty(self._model.nq)
        configuration[self._order] = joints
        return configuration

    def _forward(self, joints: FloatArray) -> pin.SE3:
        pin.framesForwardKinematics(self._model, self._data, self._configuration(joints))
        return self._data.oMf[self._base].actInv(self._data.oMf[self._tool])

    def _error(self, joints: FloatArray, goal: pin.SE3) -> FloatArray:
        """Return the twist (6,) from the tool to the goal in tool axes: metres, then radians."""
        return np.asarray(pin.log6(self._forward(joints).actInv(goal)).vector)

    def _good(self, error: FloatArray) -> bool:
        linear, angular = float(np.linalg.norm(error[:3])), float(np.linalg.norm(error[3:]))
        return linear < self.tolerance_m and angular < self.tolerance_rad

    def _step(self, joints: FloatArray, error: FloatArray) -> FloatArray:
        """Return the change of joints (n,) that reduces ``error``, without those at a limit."""
        jacobian = pin.computeFrameJacobian(
            self._model, self._data, self._configuration(joints), self._tool, pin.LOCAL
        )[:, self._order]
        # Damping falls with the error: steady far off and near singular poses, exact at the end.
        damping = self.damping * min(1.0, float(error @ error) * 100.0) + 1e-9
        free = np.ones(len(joints), dtype=bool)
        step = _damped_step(jacobian, error, damping)
        for _ in range(2):
            wanted = joints + step
            blocked = ((joints <= self._low) & (wanted < self._low)) | (
                (joints >= self._high) & (wanted > self._high)
            )
            if not np.any(blocked & free):
                break
            free &= ~blocked
            step = _damped_step(jacobian * free, error, damping)
        return np.asarray(step * min(1.0, self.max_step_rad / max(1e-12, np.abs(step).max())))

    def _unreachable(self, joints: FloatArray, pose: ToolPose) -> KinematicsError:
        found = self._forward(joints).translation
        return KinematicsError(
            f"no joint position reaches {np.round(pose.position_m, 4).tolist()} m with yaw "
            f"{pose.yaw_rad:.3f} rad, the nearest found is {np.round(found, 4).tolist()} m: "
            "shrink the workspace or move the base"
        )


def _damped_step(jacobian: FloatArray, error: FloatArray, damping: float) -> FloatArray:
    normal = jacobian @ jacobian.T + damping * np.eye(6)
    return np.asarray(jacobian.T @ np.linalg.solve(normal, error))


def _check_names(model: pin.Model, arm: ArmDescription, urdf: Path) -> None:
    missing = [name for name in arm.joint_names if not model.existJointName(name)]
    missing += [n for n in (arm.base_frame, arm.tool_frame) if not model.existFrame(n)]
    if missing:
        raise KinematicsError(
            f"{urdf.name} lacks {missing}, it has joints {list(model.names)[1:]}: "
            "set joint and frame names to those of your robot"
        )
