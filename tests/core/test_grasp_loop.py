# SPDX-License-Identifier: Apache-2.0
"""The episode ends for the right reason, acts once per frame, and never acts on bad input."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from rlcg_core.cell import ROBOT1
from rlcg_core.errors import InputError
from rlcg_core.freshness import FreshnessLimits, Problem
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


def test_a_terminating_action_is_sent_and_ends_the_episode() -> None:
    rig = Rig(Scripted([MOVE, MOVE, replace(MOVE, terminate=True)]))
    acts = [rig.frame() for _ in range(3)]
    assert [act.step for act in acts if isinstance(act, Act)] == [0, 1, 2]
    end = end_of(rig, rig.step(), Reason.POLICY_TERMINATED)
    assert (end.steps, end.last_q, end.stop) == (3, 0.8, None)


def test_a_command_carries_the_stamp_of_the_image_it_was_decided_on() -> None:
    rig = Rig()
    rig.pass_time()
    rig.sense()
    stamp_s = rig.now.ros_s
    rig.pass_time(0.2)
    act = rig.step()
    assert isinstance(act, Act)
    assert act.stamp_s == stamp_s
    assert rig.policy.seen[0].stamp_s == stamp_s


def test_one_frame_is_decided_on_once() -> None:
    rig = Rig()
    rig.frame()
    assert isinstance(rig.step(), Wait)
    assert isinstance(rig.step(), Wait)
    assert len(rig.policy.seen) == 1


def test_a_frame_before_its_time_is_not_decided_on() -> None:
    rig = Rig(period_s=2 * PERIOD_S)
    kinds = [type(rig.frame()) for _ in range(6)]
    assert kinds == [Act, Wait, Act, Wait, Act, Wait]


def test_a_frame_of_before_the_goal_is_awaited_past() -> None:
    rig = Rig(not_before_s=100.0 + 2.5 * PERIOD_S)
    assert [type(rig.frame()) for _ in range(4)] == [Wait, Wait, Act, Act]


def test_the_seed_reaches_the_policy() -> None:
    assert Rig().policy.seeds == [7]


def test_the_observation_is_of_the_measured_tool() -> None:
    rig = Rig()
    rig.frame()
    seen = rig.policy.seen[0]
    np.testing.assert_allclose(seen.tool_pose.position_m, [0.6, 0.0, 0.2])
    assert seen.height_above_tray_m == pytest.approx(0.2 - ROBOT1.bin.floor_z_m)
    assert not seen.gripper_closed


def test_the_gripper_flag_follows_the_commands() -> None:
    closing, opening = Action(np.zeros(3), close=True), Action(np.zeros(3), open=True)
    rig = Rig(Scripted([closing, MOVE, opening, MOVE]))
    for _ in range(4):
        rig.frame()
    assert [seen.gripper_closed for seen in rig.policy.seen] == [False, True, True, False]


def test_a_gripper_measured_closed_is_seen_closed() -> None:
    rig = Rig()
    rig.joints = rig.fresh_joints(np.array([0.6, 0, 0.2, 0, 0, 0, 0]), opening_m=0.01)
    rig.frame()
    assert rig.policy.seen[0].gripper_closed


def test_steps_and_time_are_limited_and_the_stop_is_the_last_message() -> None:
    rig = Rig(max_steps=2)
    rig.frame()
    assert rig.image is not None
    rig.frame()
    result, stamp_s = rig.frame(), rig.image.stamp_s
    end = end_of(rig, result, Reason.STEP_LIMIT)
    assert end.steps == 2
    assert end.stop is not None
    assert (end.stop.step, end.stop.stamp_s) == (2, stamp_s)
    np.testing.assert_array_equal(end.stop.decision.action.to_array(), [0, 0, 0, 0, 1, 0, 0, 1])

    rig = Rig(max_duration_s=1.0)
    results = [rig.frame() for _ in range(5)]
    assert end_of(rig, results[-1], Reason.TIME_LIMIT).stop is not None


def test_a_clock_that_is_heard_only_after_the_start_does_not_use_up_the_time() -> None:
    rig = Rig(max_duration_s=60.0)
    rig.pass_time(ros_s=500.0, wall_s=0.1)
    rig.sense()
    assert isinstance(rig.step(), Act)


def test_a_dry_run_ends_without_another_frame_or_a_stop() -> None:
    rig = Rig(max_steps=1, dry_run=True)
    assert isinstance(rig.frame(), Act)
    assert rig.loop.ended is not None
    assert end_of(rig, rig.step(), Reason.STEP_LIMIT).stop is None


def test_low_confidence_moves_nothing() -> None:
    rig = Rig(Scripted(q=0.2), q_min=0.3)
    assert end_of(rig, rig.frame(), Reason.LOW_CONFIDENCE).stop is None
    rig = Rig(Scripted(q=math.nan))
    end_of(rig, rig.frame(), Reason.LOW_CONFIDENCE)


def test_a_fault_of_the_policy_ends_the_episode() -> None:
    class Broken(Scripted):
        def decide(self, observation: Observation) -> Decision:
            raise InputError("Q is not finite")

    rig = Rig(Broken())
    assert "not finite" in end_of(rig, rig.frame(), Reason.POLICY_FAULT).text


@pytest.mark.parametrize("missing", ["image", "joints"])
def test_missing_input_is_awaited_and_then_named(missing: str) -> None:
    rig = Rig(wait_for_sensors_s=3.0)
    rig.sense()
    setattr(rig, missing, None)
    assert isinstance(rig.step(), Wait)
    rig.pass_time(0.0, wall_s=3.1)
    result = rig.step()
    assert isinstance(result, End)
    assert result.reason is (Reason.NO_IMAGE if missing == "image" else Reason.NO_JOINT_STATE)
    assert result.stop is None
    assert not rig.policy.seen


@pytest.mark.parametrize(
    ("stale", "reason"), [("image", Reason.STALE_IMAGE), ("joints", Reason.STALE_JOINT_STATE)]
)
@pytest.mark.parametrize("clock", ["ros", "wall"])
def test_input_that_stops_coming_ends_the_episode(stale: str, reason: Reason, clock: str) -> None:
    rig = Rig()
    rig.frame()
    kept = getattr(rig, stale)
    results = []
    for _ in range(6):
        rig.pass_time(*((0.3, 0.3) if clock == "ros" else (0.01, 0.3)))
        rig.sense()
        setattr(rig, stale, kept)
        results.append(rig.step())
    assert not any(isinstance(result, Act) for result in results[2:])
    end_of(rig, results[-1], reason)


def test_a_camera_that_is_always_late_is_never_acted_on() -> None:
    rig = Rig(wait_for_sensors_s=1.0)
    results = []
    for _ in range(5):
        rig.pass_time(0.3)
        rig.sense()
        assert rig.image is not None
        rig.image = replace(rig.image, stamp_s=rig.now.ros_s - 0.6)
        sample = replace(rig.joints.sample, stamp_s=rig.now.ros_s - 0.55)
        rig.joints = replace(rig.joints, sample=sample)
        results.append(rig.step())
    assert isinstance(results[0], Wait)
    assert "0.60 s old by its stamp" in end_of(rig, results[-1], Reason.STALE_IMAGE).text
    assert not rig.policy.seen


def test_a_closed_gate_is_awaited_and_then_ends_the_episode() -> None:
    rig, closed = Rig(wait_for_sensors_s=1.0), Problem(Reason.GATE_STOPPED, "arm_node is not ready")
    rig.sense()
    assert isinstance(rig.loop.step(rig.image, rig.joints, rig.now, closed=closed), Wait)
    rig.pass_time(1.1)
    rig.sense()
    result = rig.loop.step(rig.image, rig.joints, rig.now, closed=closed)
    assert end_of(rig, result, Reason.GATE_STOPPED).stop is None
    assert not rig.policy.seen


def test_old_input_at_the_start_is_awaited_not_acted_on() -> None:
    rig = Rig()
    rig.sense()
    rig.pass_time(5.0)
    assert isinstance(rig.step(), Wait)
    assert not rig.policy.seen
    assert isinstance(rig.frame(), Act)


def test_an_image_from_the_future_is_not_acted_on() -> None:
    rig = Rig()
    rig.frame()
    rig.pass_time()
    rig.sense()
    assert rig.image is not None
    rig.image = replace(rig.image, stamp_s=rig.now.ros_s + 2.0)
    assert isinstance(rig.step(), Wait)
    rig.pass_time(0.6)
    assert "future" in end_of(rig, rig.step(), Reason.STALE_IMAGE).text


def test_joints_of_another_moment_than_the_image_are_awaited() -> None:
    rig = Rig()
    rig.sense()
    joints = rig.joints
    rig.pass_time(0.3)
    rig.sense()
    fresh, rig.joints = rig.joints, joints
    assert isinstance(rig.step(), Wait)
    rig.joints = fresh
    assert isinstance(rig.step(), Act)


def test_an_image_older_than_the_last_is_not_acted_on() -> None:
    rig = Rig()
    rig.frame()
    rig.pass_time(0.1)
    rig.sense()
    assert rig.image is not None
    rig.image = replace(rig.image, stamp_s=rig.image.stamp_s - 0.15)
    sample = replace(rig.joints.sample, stamp_s=rig.image.stamp_s)
    rig.joints = replace(rig.joints, sample=sample)
    assert "set back" in end_of(rig, rig.step(), Reason.STALE_IMAGE).text


def test_no_new_frame_after_a_command_ends_a_lock_step_episode() -> None:
    rig = Rig()
    rig.frame()
    for _ in range(3):
        rig.pass_time(0.0, wall_s=0.3)
        assert rig.image is not None
        rig.image = replace(rig.image, receipt_s=rig.now.monotonic_s)
        rig.joints = replace(rig.joints, receipt_s=rig.now.monotonic_s)
        result = rig.step()
    assert "no image with a new stamp" in end_of(rig, result, Reason.STALE_IMAGE).text


def freeze(rig: Rig, frames: int) -> list[Wait | Act | End]:
    results = [rig.frame()]
    assert rig.image is not None
    pixels = rig.image.image_hwc
    for _ in range(frames - 1):
        rig.pass_time()
        rig.sense()
        rig.image = replace(rig.image, image_hwc=pixels.copy())
        results.append(rig.step())
    return results


def test_a_slow_decision_is_not_silence() -> None:
    rig = Rig(period_s=0.1)
    assert isinstance(rig.frame(), Act)
    rig.pass_time(2.0)
    rig.loop.commanded(rig.now)
    assert isinstance(rig.step(), Wait)
    rig.pass_time(0.7)
    assert isinstance(rig.step(), Wait)
    rig.pass_time(0.2)
    end_of(rig, rig.step(), Reason.STALE_IMAGE)


@pytest.mark.parametrize(("period_s", "verdict"), [(0.1, Wait), (0.0, Act)])
def test_only_in_real_time_a_frame_that_came_during_a_decision_is_passed_over(
    period_s: float, verdict: type
) -> None:
    rig = Rig(period_s=period_s)
    assert isinstance(rig.frame(), Act)
    rig.pass_time(0.2)
    rig.sense()
    rig.pass_time(0.2)
    rig.loop.commanded(rig.now)
    assert isinstance(rig.step(), verdict)
    assert isinstance(rig.frame(), Act)


def test_frozen_pixels_under_new_stamps_end_the_episode() -> None:
    rig = Rig(frozen_frames=3)
    results = freeze(rig, 3)
    assert [type(result) for result in results] == [Act, Act, End]
    end_of(rig, results[-1], Reason.FROZEN_IMAGE)


def test_a_still_picture_of_a_still_arm_is_not_frozen() -> None:
    rig = Rig(Scripted([Action(np.zeros(3), close=True)]), frozen_frames=3)
    assert all(isinstance(result, Act) for result in freeze(rig, 8))
    rig = Rig(frozen_frames=3, dry_run=True)
    assert all(isinstance(result, Act) for result in freeze(rig, 8))


@pytest.mark.parametrize(
    "image", [np.zeros((480, 640, 3), np.uint8), np.zeros((512, 640, 3), np.float32)]
)
def test_a_wrong_image_moves_nothing(image: np.ndarray) -> None:
    rig = Rig()
    rig.sense()
    assert rig.image is not None
    rig.image = replace(rig.image, image_hwc=image)
    end = end_of(rig, rig.step(), Reason.BAD_IMAGE)
    assert "expected (512, 640, 3)" in end.text
    assert end.stop is None


def test_input_that_cannot_be_read_is_not_awaited_long() -> None:
    rig, fault = Rig(), Problem(Reason.BAD_IMAGE, "image encoding is 'yuv422'")
    rig.sense()
    assert isinstance(rig.loop.step(rig.image, rig.joints, rig.now, fault), Wait)
    rig.pass_time(1.0)
    result = rig.loop.step(rig.image, rig.joints, rig.now, fault)
    assert "yuv422" in end_of(rig, result, Reason.BAD_IMAGE).text
    assert not rig.policy.seen


@pytest.mark.parametrize("missing", [ROBOT1.arm.joint_names[2], ROBOT1.gripper.joint_name])
def test_a_joint_name_that_is_not_there_is_named(missing: str) -> None:
    rig = Rig()
    rig.sense()
    names = tuple(name if name != missing else "other" for name in NAMES)
    rig.joints = replace(rig.joints, sample=replace(rig.joints.sample, names=names))
    assert missing in end_of(rig, rig.step(), Reason.BAD_JOINT_STATE).text


def test_joints_that_are_no_numbers_move_nothing() -> None:
    rig = Rig()
    rig.sense()
    positions = np.full(8, np.nan)
    rig.joints = replace(rig.joints, sample=replace(rig.joints.sample, positions=positions))
    assert end_of(rig, rig.step(), Reason.BAD_JOINT_STATE).stop is None
    assert not rig.policy.seen


def test_a_stop_from_outside_ends_at_once_and_once() -> None:
    rig = Rig()
    rig.frame()
    end = rig.loop.stop(Reason.CANCELLED, "cancelled")
    assert end.stop is not None
    assert rig.loop.stop(Reason.SHUTDOWN, "later") is end
    end_of(rig, rig.step(), Reason.CANCELLED)


def test_a_stop_before_the_first_command_sends_nothing() -> None:
    assert Rig().loop.stop(Reason.CANCELLED, "").stop is None
    rig = Rig(dry_run=True)
    rig.frame()
    assert rig.loop.stop(Reason.CANCELLED, "").stop is None


def test_no_command_leads_out_of_the_workspace() -> None:
    rig = Rig(Scripted([Action(np.array([0.06, 0.06, -0.06]))]))
    box = ROBOT1.workspace
    at_m = np.array(box.high_m) - [0.02, -0.05, box.high_m[2] - box.low_m[2] - 0.01]
    rig.joints = rig.fresh_joints(np.array([*at_m, 0, 0, 0, 0]))
    act = rig.frame()
    assert isinstance(act, Act)
    moved_m = act.decision.action.displacement_m
    np.testing.assert_allclose(moved_m, [0.02, 0.0, -0.01], atol=1e-9)
