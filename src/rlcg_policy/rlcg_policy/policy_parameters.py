# SPDX-License-Identifier: Apache-2.0
"""Parameters of policy_node."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rlcg_core.cell import ROBOT1, Cell, workspace
from rlcg_core.freshness import FreshnessLimits
from rlcg_core.grasp_loop import EpisodeLimits
from rlcg_core.parameters import param
from rlcg_core.robots import ROBOTS
from rlcg_core.transforms import matrix_from_pose, quaternion_from_matrix
from rlcg_policy.plans import PLAN_CHOICES, PROVIDER_CHOICES
from rlcg_policy.serving_options import ServingOptions

DEFAULT_ROBOT = ROBOT1.name


def of_robot(cell: Cell) -> dict[str, Any]:
    """Return the parameters of policy_node that a robot's cell gives, by name."""
    pose = cell.camera.transform_camera_to_base
    return {
        "camera_position_m": tuple(float(number) for number in pose[:3, 3]),
        "camera_quaternion_xyzw": tuple(float(n) for n in quaternion_from_matrix(pose)),
        "joint_names": cell.arm.joint_names,
        "gripper_joint": cell.gripper.joint_name,
        "gripper_opening_max_m": cell.gripper.opening_max_m,
        "base_frame": cell.arm.base_frame,
        "tool_frame": cell.arm.tool_frame,
        "workspace_low_m": cell.workspace.low_m,
        "workspace_high_m": cell.workspace.high_m,
        "urdf": cell.urdf,
    }


_OF_ROBOT1 = of_robot(ROBOT1)


@dataclass(frozen=True)
class PolicyParameters:
    """Which model decides, how often, on which input, and when an episode ends."""

    robot: str = param(
        DEFAULT_ROBOT,
        "whose camera, names, box and description are the defaults",
        choices=tuple(ROBOTS),
    )
    model: str = param("", "model: a name below share/rlcg_policy/models, or a bundle's folder")
    plan: str = param("auto", "provider and precision; auto: measure them", choices=PLAN_CHOICES)
    provider: str = param("auto", "leave only plans of this provider", choices=PROVIDER_CHOICES)
    threads: int = param(0, "threads of ONNX Runtime; 0: min(4, cores)", low=0, high=256)
    deadline_ms: float = param(
        0.0, "take the greatest search within this time; 0: the full one", low=0.0, high=60_000.0
    )
    warm_start: bool = param(False, "search near the last choice; for models without a rule")
    probe_cache: bool = param(True, "remember what was measured of the plans")
    lockstep: bool = param(False, "decide on every new frame instead of at rate_hz")
    rate_hz: float = param(
        ROBOT1.control_rate_hz, "decisions per second in real time", low=0.1, high=100.0
    )
    seed: int = param(0, "seed of an episode that gives none; counts up", low=0)
    max_steps: int = param(40, "decisions after which an episode ends", low=1, high=10_000)
    max_duration_s: float = param(
        60.0, "ROS time after which an episode ends", low=0.1, high=3600.0
    )
    q_min: float = param(0.0, "an episode ends when the best Q is below this", low=0.0, high=1.0)
    max_image_age_s: float = param(0.5, "oldest image by its stamp, ROS time", low=0.01, high=60.0)
    max_state_age_s: float = param(
        0.5, "oldest joint state by its stamp, ROS time", low=0.01, high=60.0
    )
    max_silence_s: float = param(
        0.8, "longest wait for usable input within an episode, wall time", low=0.01, high=600.0
    )
    max_skew_s: float = param(
        0.1, "largest difference between the stamps of image and joints", low=0.001, high=10.0
    )
    wait_for_sensors_s: float = param(
        10.0, "longest wait for the first usable input, wall time", low=0.0, high=600.0
    )
    frozen_frames: int = param(
        4, "identical frames in a row, while moving, that mean a frozen camera", low=2, high=1000
    )
    image_transport: str = param(
        "raw", "image_raw, or image_raw/compressed (jpeg, png)", choices=("raw", "compressed")
    )
    camera_position_m: tuple[float, ...] = param(
        _OF_ROBOT1["camera_position_m"],
        "camera's optical frame in the base frame: x, y, z",
    )
    camera_quaternion_xyzw: tuple[float, ...] = param(
        _OF_ROBOT1["camera_quaternion_xyzw"],
        "camera's optical frame in the base frame: x, y, z, w",
        low=-1.0,
        high=1.0,
    )
    joint_names: tuple[str, ...] = param(
        ROBOT1.arm.joint_names, "arm joints in joint_states, from base to tool"
    )
    gripper_joint: str = param(ROBOT1.gripper.joint_name, "gripper joint in joint_states")
    gripper_opening_max_m: float = param(
        ROBOT1.gripper.opening_max_m, "jaw opening when open [m]", low=0.001, high=0.5
    )
    base_frame: str = param(ROBOT1.arm.base_frame, "frame_id of the commands")
    tool_frame: str = param(ROBOT1.arm.tool_frame, "frame of the tool centre point")
    workspace_low_m: tuple[float, ...] = param(
        ROBOT1.workspace.low_m, "lower corner of the box that the tool is kept in [m]"
    )
    workspace_high_m: tuple[float, ...] = param(
        ROBOT1.workspace.high_m, "upper corner of the box that the tool is kept in [m]"
    )
    urdf: str = param("", "robot description: a path, a name in share, empty for the cell's own")
    autostart: bool = param(False, "configure and activate without a lifecycle manager")

    @property
    def transform_camera_to_base(self) -> npt.NDArray[np.float64]:
        """Return the camera's pose (4, 4); raises `ConfigError` if it is none."""
        return matrix_from_pose(self.camera_position_m, self.camera_quaternion_xyzw)

    @property
    def serving(self) -> ServingOptions:
        """Return how the model is to be served; raises `ConfigError` for plan against provider."""
        return ServingOptions(
            plan=self.plan,
            provider=self.provider,
            threads=self.threads,
            deadline_ms=self.deadline_ms,
            warm_start=self.warm_start,
            probe_cache=self.probe_cache,
        )

    @property
    def freshness(self) -> FreshnessLimits:
        """Return the limits on the input's age."""
        return FreshnessLimits(
            self.max_image_age_s, self.max_state_age_s, self.max_silence_s, self.max_skew_s
        )

    @property
    def limits(self) -> EpisodeLimits:
        """Return when an episode ends by itself."""
        return EpisodeLimits(
            max_steps=self.max_steps,
            max_duration_s=self.max_duration_s,
            q_min=self.q_min,
            wait_for_sensors_s=self.wait_for_sensors_s,
            frozen_frames=self.frozen_frames,
        )

    def cell(self) -> Cell:
        """Return the robot's cell with the names and the workspace that are set."""
        cell = ROBOTS[self.robot].cell
        arm = replace(
            cell.arm,
            joint_names=self.joint_names,
            base_frame=self.base_frame,
            tool_frame=self.tool_frame,
        )
        gripper = replace(
            cell.gripper, joint_name=self.gripper_joint, opening_max_m=self.gripper_opening_max_m
        )
        box = workspace(self.workspace_low_m, self.workspace_high_m)
        return replace(cell, arm=arm, gripper=gripper, workspace=box)
