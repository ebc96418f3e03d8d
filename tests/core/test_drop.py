# SPDX-License-Identifier: Apache-2.0
"""The look at the gripper: what is done in which order, and when the pictures are taken."""

import numpy as np

from rlcg_core.drop import CLOSE_STEPS, MAX_REST_STEPS, RAISED_M, DropScript, Stage, Step
from rlcg_core.types import ToolPose


def play(script: DropScript, height_m: float = 0.2, rests_after: int = 0) -> list[Step]:
    """Return all steps of an arm that does what it is told."""
    position_m, steps = np.array([0.5, 0.0, height_m]), []
    while (step := script.next(ToolPose(position_m, 0.0), len(steps) >= rests_after)) is not None:
        position_m = position_m + step.action.displacement_m
        steps.append(step)
        assert len(steps) < 100
    return steps


def stages(steps: list[Step]) -> list[Stage]:
    return [
        step.stage for i, step in enumerate(steps) if i == 0 or step.stage != steps[i - 1].stage
    ]


def test_what_is_held_is_let_go_between_two_pictures_with_the_jaw_closed() -> None:
    steps = play(DropScript(0.0, drop=True))
    assert stages(steps) == [Stage.CLOSE, Stage.LOOK, Stage.OPEN, Stage.SHUT, Stage.LOOK_AGAIN]
    assert all(step.action.open == (step.stage is Stage.OPEN) for step in steps)
    assert all(step.action.close != step.action.open for step in steps)


def test_nothing_is_let_go_where_only_the_jaw_is_asked() -> None:
    assert stages(play(DropScript(0.0, drop=False))) == [Stage.CLOSE, Stage.LOOK]


def test_a_low_tool_is_raised_first_with_the_jaw_kept_closed() -> None:
    steps = play(DropScript(0.0, drop=False), height_m=0.01)
    raising = [step for step in steps if step.stage is Stage.RAISE]
    assert sum(step.action.displacement_m[2] for step in raising) + 0.01 >= RAISED_M
    assert all(step.action.close for step in raising)
    assert stages(steps)[0] is Stage.RAISE


def test_an_arm_that_cannot_rise_does_not_hold_the_evaluation_up() -> None:
    script, steps = DropScript(0.0, drop=False), 0
    while script.next(ToolPose(np.zeros(3), 0.0)) is not None:
        steps += 1
        assert steps < 100


def test_the_first_picture_waits_for_rest_but_not_for_ever() -> None:
    rolling = play(DropScript(0.0, drop=True), rests_after=10)
    assert sum(step.stage is Stage.REST for step in rolling) == 10 - CLOSE_STEPS
    for_ever = play(DropScript(0.0, drop=True), rests_after=1000)
    assert sum(step.stage is Stage.REST for step in for_ever) == MAX_REST_STEPS


def test_the_last_step_ends_the_episode_so_that_silence_is_no_fault() -> None:
    for drop in (True, False):
        steps = play(DropScript(0.0, drop=drop))
        assert [step.action.terminate for step in steps] == [False] * (len(steps) - 1) + [True]
