# SPDX-License-Identifier: Apache-2.0
"""Every command mode moves the robot the same way, over DDS, and stops it the same way."""

import signal
import time
from collections.abc import Iterator

import numpy as np
import pytest
from mode_cell import OUT, ModeCell
from std_srvs.srv import Trigger

from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.types import Action
from rlcg_ros.conversions import stamp_to_s, tool_pose_from_msg

pytestmark = pytest.mark.slow

MOVE = Action(np.array([0.02, 0.01, -0.04]), 0.2)
STREAMS = sorted(set(OUT) - {"joint_trajectory"})
every_mode = pytest.mark.parametrize("cell", sorted(OUT), indirect=True)
every_stream = pytest.mark.parametrize("cell", STREAMS, indirect=True)


@pytest.fixture(scope="module")
def cell(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ModeCell]:
    folder = tmp_path_factory.mktemp(request.param)
    with ModeCell(folder, request.param, reset_cooldown_s=0.0) as made:
        yield made


@every_mode
def test_a_step_takes_the_tool_where_the_policy_wants_it(cell: ModeCell) -> None:
    cell.begin()
    before = cell.tool()
    goal = before.moved(MOVE)
    cell.send(MOVE)

    def arrived() -> bool:
        miss_m = np.linalg.norm(cell.tool().position_m - goal.position_m)
        return bool(miss_m < 0.004 and abs(cell.tool().yaw_rad - goal.yaw_rad) < 0.02)

    cell.until(arrived, cell.story(f"arrival at {goal}"))
    time.sleep(0.3)
    assert arrived(), f"left again for {cell.tool()}"
    assert cell.state().state == GateState.READY, cell.state().text


@every_stream
def test_a_step_is_sent_at_the_rate_and_then_silence_follows(cell: ModeCell) -> None:
    cell.begin()
    cell.send(MOVE)
    cell.until(lambda: len(cell.out) > 5, "stream")
    time.sleep(1.2)
    count = len(cell.out)
    # Under half a second by the speed limits, and half a second to settle.
    assert 12 <= count <= 55
    time.sleep(0.3)
    assert len(cell.out) == count


@pytest.mark.parametrize("cell", ["pose", "twist"], indirect=True)
def test_cartesian_set_points_have_fresh_stamps_and_a_frame(cell: ModeCell) -> None:
    cell.begin()
    cell.send(MOVE)
    cell.until(lambda: len(cell.out) > 12, "stream")
    time.sleep(1.2)
    stamps_s = [stamp_to_s(msg.header.stamp) for msg in cell.out]
    assert all(np.diff(stamps_s) >= 0.0)
    assert stamps_s[-1] - stamps_s[0] > 0.2
    assert {msg.header.frame_id for msg in cell.out} == {ROBOT1.arm.base_frame}
    if cell.mode == "twist":
        speeds = [
            np.linalg.norm([m.twist.linear.x, m.twist.linear.y, m.twist.linear.z]) for m in cell.out
        ]
        assert max(speeds) <= ROBOT1.tool_speed_limit_m_s + 1e-9
        assert max(speeds) > 0.05
        assert speeds[-1] == 0.0
        assert cell.out[-1].twist.angular.z == 0.0
    else:
        path_m = np.array([tool_pose_from_msg(msg).position_m for msg in cell.out])
        assert np.max(np.linalg.norm(np.diff(path_m, axis=0), axis=1)) < 0.02


@every_stream
def test_set_points_never_jump_not_even_when_a_step_replaces_another(cell: ModeCell) -> None:
    cell.begin()
    for direction in (1.0, -1.0, 1.0):
        cell.send(Action(direction * np.array([0.0, 0.04, 0.0])))
        time.sleep(0.15)
    cell.send(Action(np.zeros(3), terminate=True))
    time.sleep(1.0)
    samples = [msg.position[:7] for msg in cell.received["joint_states"]]
    steps = np.max(np.abs(np.diff(np.array(samples), axis=0)))
    # 100 joint states a second; a frame or two may be lost on a busy machine.
    assert steps < 3 * 0.5 * max(ROBOT1.arm.speed_limit_rad_s) / 100.0
    at_rest = np.max(np.abs(np.diff(np.array(samples[-10:]), axis=0)))
    assert at_rest < 1e-3


@every_mode
def test_the_stop_service_stops_it_where_it_is(cell: ModeCell) -> None:
    cell.begin()
    cell.send(Action(np.array([0.0, 0.0, -0.06])))
    cell.until(lambda: len(cell.out) > 0, "motion")
    time.sleep(0.1)
    assert cell.call(Trigger, "arm_node/stop", Trigger.Request()).success
    time.sleep(0.5)
    assert cell.state().reason == GateReason.OPERATOR_STOP
    stopped = cell.tool().position_m
    count = len(cell.out)
    cell.send(MOVE)
    time.sleep(0.3)
    if cell.mode == "twist":
        sent = cell.out[count:]
        assert all(msg.twist.linear.z == 0.0 for msg in sent)
    else:
        assert len(cell.out) == count
    np.testing.assert_allclose(cell.tool().position_m, stopped, atol=1e-6)


@every_stream
def test_lost_joint_states_end_the_stream(cell: ModeCell) -> None:
    cell.begin()
    cell.set_gate(speed_scale=0.1)
    cell.send(Action(np.array([0.0, 0.0, -0.06])))
    cell.until(lambda: len(cell.out) > 10, "stream")
    cell.sim.send_signal(signal.SIGSTOP)  # nothing comes from the robot any more
    try:
        cell.until(lambda: cell.state().state != GateState.READY, "hold")
        time.sleep(0.1)
        count = len(cell.out)
        time.sleep(0.3)
        assert len(cell.out) == count
        assert cell.mode != "twist" or cell.out[-1].twist.linear.z == 0.0
    finally:
        cell.sim.send_signal(signal.SIGCONT)
        cell.set_gate(speed_scale=1.0)
