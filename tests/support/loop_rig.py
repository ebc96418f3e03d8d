# SPDX-License-Identifier: Apache-2.0
"""A clock, a camera, joints and a policy around one grasp loop; a test may break each of them."""

from dataclasses import dataclass, field, replace

import numpy as np

from rlcg_core.cell import ROBOT1
from rlcg_core.freshness import FreshnessLimits
from rlcg_core.grasp_loop import Act, End, EpisodeLimits, GraspLoop, Wait
from rlcg_core.joint_history import Instant
from rlcg_core.observer import Observer, SensedImage, SensedJoints
from rlcg_core.reasons import TerminationReason as Reason
from rlcg_core.types import Action, Decision, FloatArray, JointSample, Observation, ToolPose

PERIOD_S = 0.3
NAMES = (*ROBOT1.arm.joint_names, ROBOT1.gripper.joint_name)
MOVE = Action(np.array([0.01, 0.0, -0.01]))


class StraightArm:
    """Kinematics of an arm whose first three joints are the tool position."""

    def tool_pose(self, joints_rad: FloatArray) -> ToolPose:
        return ToolPose(joints_rad[:3].copy(), float(joints_rad[3]))

    def joints(self, pose: ToolPose, seed_rad: FloatArray) -> FloatArray:
        return seed_rad


@dataclass
class Scripted:
    """A policy that plays actions and keeps what it saw."""

    actions: list[Action] = field(default_factory=lambda: [MOVE])
    q: float = 0.8
    seen: list[Observation] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)

    def reset(self, seed: int) -> None:
        self.seeds.append(seed)

    def decide(self, observation: Observation) -> Decision:
        self.seen.append(observation)
        action = self.actions[min(len(self.seen), len(self.actions)) - 1]
        return Decision(action, self.q, np.zeros(3), np.ones(3))


class Rig:
    """A clock, a camera and joints that a test can break, around one loop."""

    def __init__(
        self,
        policy: Scripted | None = None,
        period_s: float = 0.0,
        not_before_s: float = 0.0,
        **limits: object,
    ) -> None:
        self.policy = policy or Scripted()
        self.now = Instant(100.0, 5000.0)
        self.pixels = np.random.default_rng(0)
        self.joints = self.fresh_joints(np.array([0.6, 0.0, 0.2, 0.1, 0, 0, 0]))
        self.image: SensedImage | None = None
        self.loop = GraspLoop(
            self.policy,
            Observer(ROBOT1, StraightArm()),
            EpisodeLimits(**limits),  # type: ignore[arg-type]
            FreshnessLimits(),
            seed=7,
            now=self.now,
            period_s=period_s,
            not_before_s=not_before_s,
        )

    def fresh_joints(self, arm: FloatArray, opening_m: float = 0.085) -> SensedJoints:
        sample = JointSample(NAMES, np.array([*arm, opening_m]), np.zeros(8), self.now.ros_s)
        return SensedJoints(sample, self.now.monotonic_s)

    def pass_time(self, ros_s: float = PERIOD_S, wall_s: float | None = None) -> None:
        wall_s = ros_s if wall_s is None else wall_s
        self.now = Instant(self.now.ros_s + ros_s, self.now.monotonic_s + wall_s)

    def sense(self) -> None:
        """Take a new frame and new joint states, both stamped now."""
        pixels = self.pixels.integers(0, 255, (512, 640, 3), dtype=np.uint8)
        self.image = SensedImage(pixels, np.eye(3, 4), self.now.ros_s, self.now.monotonic_s)
        sample = replace(self.joints.sample, stamp_s=self.now.ros_s)
        self.joints = SensedJoints(sample, self.now.monotonic_s)

    def step(self) -> Wait | Act | End:
        return self.loop.step(self.image, self.joints, self.now)

    def frame(self) -> Wait | Act | End:
        """Let a period pass, sense and step."""
        self.pass_time()
        self.sense()
        return self.step()


def end_of(rig: Rig, result: Wait | Act | End, reason: Reason) -> End:
    assert isinstance(result, End), result
    assert result.reason is reason
    decided = len(rig.policy.seen)
    rig.pass_time()
    rig.sense()
    assert rig.step() is result
    assert len(rig.policy.seen) == decided
    return result
