# SPDX-License-Identifier: Apache-2.0
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcg_core.cell import ROBOT1
from rlcg_core.errors import KinematicsError
from rlcg_core.types import ToolPose
from rlcg_policy.kinematics import PinocchioKinematics

URDF = Path(__file__).resolve().parents[2] / "config/urdf" / ROBOT1.urdf
HOME = np.array(ROBOT1.arm.home_rad)
LOW, HIGH = np.array(ROBOT1.workspace.low_m), np.array(ROBOT1.workspace.high_m)
ARM = PinocchioKinematics(URDF, ROBOT1.arm)
SHARE = st.floats(0.0, 1.0)


@given(st.tuples(SHARE, SHARE, SHARE), st.floats(-1.5, 1.5))
def test_inverse_and_forward_agree_wherever_there_is_a_solution(
    share: tuple[float, ...], yaw_rad: float
) -> None:
    wanted = ToolPose(LOW + np.array(share) * (HIGH - LOW), yaw_rad)
    try:
        joints = ARM.joints(wanted, HOME)
    except KinematicsError:
        # The elbow's limit keeps the wrist 0.42 m from the shoulder: only the near edge is lost.
        assert np.linalg.norm(wanted.position_m[:2]) < 0.43
        return
    found = ARM.tool_pose(joints)
    np.testing.assert_allclose(found.position_m, wanted.position_m, atol=1e-4)
    assert found.yaw_rad == pytest.approx(wanted.yaw_rad, abs=1e-3)
    assert np.all(np.abs(joints) <= np.array(ROBOT1.arm.position_limit_rad) + 1e-6)


@given(st.tuples(*[st.floats(-0.06, 0.06)] * 3), st.floats(-0.5, 0.5))
def test_a_small_step_is_a_small_change_of_joints(step: tuple[float, ...], turn_rad: float) -> None:
    start = ARM.tool_pose(HOME)
    joints = ARM.joints(ToolPose(start.position_m + step, start.yaw_rad + turn_rad), HOME)
    assert np.max(np.abs(joints - HOME)) < 0.8


def test_the_same_question_has_the_same_answer() -> None:
    wanted = ToolPose(np.array([0.55, 0.1, 0.05]), 0.7)
    np.testing.assert_array_equal(ARM.joints(wanted, HOME), ARM.joints(wanted, HOME))


def test_yaw_turns_the_tool_about_base_z() -> None:
    start = ARM.tool_pose(HOME)
    turned = HOME.copy()
    turned[6] -= 0.3  # the last joint's axis points down
    found = ARM.tool_pose(turned)
    assert found.yaw_rad == pytest.approx(start.yaw_rad + 0.3, abs=1e-3)
    np.testing.assert_allclose(found.position_m, start.position_m, atol=1e-6)


def test_out_of_reach_says_what_was_found() -> None:
    with pytest.raises(
        KinematicsError, match=r"no joint position reaches \[1.5, 0.0, 0.2\] m.*near"
    ):
        ARM.joints(ToolPose(np.array([1.5, 0.0, 0.2]), 0.0), HOME)


def test_a_tilted_tool_has_no_pose() -> None:
    tilted = HOME.copy()
    tilted[5] += 0.6
    with pytest.raises(KinematicsError, match=r"tilted by 0.60 rad.*~/home"):
        ARM.tool_pose(tilted)


def test_names_that_the_description_lacks_are_listed() -> None:
    arm = replace(ROBOT1.arm, joint_names=("A1", *ROBOT1.arm.joint_names[1:]), tool_frame="hand")
    with pytest.raises(KinematicsError, match=r"lacks \['A1', 'hand'\]"):
        PinocchioKinematics(URDF, arm)


def test_joints_come_in_the_order_asked_for() -> None:
    backwards = replace(ROBOT1.arm, joint_names=ROBOT1.arm.joint_names[::-1])
    mirrored = PinocchioKinematics(URDF, backwards)
    joints = HOME + np.linspace(-0.1, 0.1, 7)
    np.testing.assert_allclose(
        mirrored.tool_pose(joints[::-1]).position_m, ARM.tool_pose(joints).position_m, atol=1e-12
    )


def test_a_step_is_solved_in_a_millisecond() -> None:
    start, times_s = ARM.tool_pose(HOME), []
    for i in range(200):
        wanted = ToolPose(start.position_m - np.array([0.0, 0.0, 0.0003 * i]), 0.002 * i)
        before_s = time.process_time()
        ARM.joints(wanted, HOME)
        times_s.append(time.process_time() - before_s)
    assert np.median(times_s) < 1e-3
