# SPDX-License-Identifier: Apache-2.0
"""The grasp loop never acts on missing, stale, frozen or bad input, and names what is wrong."""

from dataclasses import replace

import numpy as np
import pytest
from loop_rig import NAMES, Rig, Scripted, end_of

from rlcg_core.cell import ROBOT1
from rlcg_core.freshness import Problem
from rlcg_core.grasp_loop import Act, End, Wait
from rlcg_core.reasons import TerminationReason as Reason
from rlcg_core.types import Action


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
