# SPDX-License-Identifier: Apache-2.0
"""The arm's gate on a mobile base: nothing passes unless fresh odometry says that it stands."""

from dataclasses import replace

import numpy as np
import pytest
from gantry import LIMITS, Bench

from rlcg_core.base_pose import AT_HOME
from rlcg_core.base_watch import STILL, BaseTwist, Odometry
from rlcg_core.gate_checks import GateError
from rlcg_core.limits import GateLimits
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.types import Action

MOBILE = replace(LIMITS, mobile_base=True)
MOVE = Action(np.array([0.02, -0.01, -0.03]), 0.1)
DRIVES = BaseTwist(0.1, 0.0, 0.0)


def tell(bench: Bench, twist: BaseTwist = STILL) -> None:
    bench.gate.senses.base.note(Odometry(AT_HOME, twist, bench.now.ros_s), bench.now)


def ready(limits: GateLimits = MOBILE) -> Bench:
    bench = Bench(limits)
    bench.measure()
    tell(bench)
    bench.gate.activate(bench.now)
    return bench


def test_without_odometry_nothing_is_activated() -> None:
    bench = Bench(MOBILE)
    bench.measure()
    with pytest.raises(GateError, match="no odom so far") as violation:
        bench.gate.activate(bench.now)
    assert violation.value.reason is GateReason.STALE_ODOMETRY


def test_a_standing_base_lets_commands_pass() -> None:
    bench = ready()
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted


def test_a_command_while_the_base_moves_is_refused_and_latches() -> None:
    bench = ready()
    tell(bench, DRIVES)
    verdict = bench.gate.check(bench.command(MOVE), bench.now)
    assert verdict.reason is GateReason.BASE_MOVES
    assert verdict.motion is not None
    assert verdict.motion.is_hold
    assert bench.gate.state is GateState.STOPPED
    bench.monotonic_s += 1.0
    bench.measure()
    tell(bench, DRIVES)
    assert "still stopped" in bench.gate.reset_stop(bench.now).text


def test_a_base_that_begins_to_move_within_an_episode_stops_the_arm() -> None:
    bench = ready()
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted
    tell(bench, DRIVES)
    assert bench.gate.poll(bench.now).motion is not None
    assert (bench.gate.state, bench.gate.reason) == (GateState.STOPPED, GateReason.BASE_MOVES)


def test_between_episodes_a_drive_only_closes_the_gate() -> None:
    bench = ready()
    tell(bench, DRIVES)
    bench.gate.poll(bench.now)
    assert (bench.gate.state, bench.gate.reason) == (GateState.HOLDING, GateReason.BASE_MOVES)
    assert "cannot go home" in bench.gate.home(np.zeros(4), bench.now).text
    tell(bench)
    bench.gate.poll(bench.now)
    assert bench.gate.state is GateState.READY


def test_the_way_home_waits_for_the_base_too() -> None:
    bench = ready()
    tell(bench, DRIVES)
    verdict = bench.gate.home(np.zeros(4), bench.now)
    assert (verdict.reason, verdict.motion) == (GateReason.BASE_MOVES, None)


def test_in_simulation_a_moving_base_stops_an_episode_too_but_late_odometry_does_not() -> None:
    bench = ready(replace(MOBILE, deadman_in_ros_time=True, deadman_s=10.0))
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted
    bench.monotonic_s += MOBILE.max_joint_age_s + 0.01
    bench.measure()
    bench.gate.poll(bench.now)
    assert (bench.gate.state, bench.gate.reason) == (GateState.HOLDING, GateReason.STALE_ODOMETRY)
    tell(bench, DRIVES)
    bench.gate.poll(bench.now)
    assert (bench.gate.state, bench.gate.reason) == (GateState.STOPPED, GateReason.BASE_MOVES)


def test_odometry_that_falls_silent_closes_the_gate() -> None:
    bench = ready()
    bench.monotonic_s += MOBILE.max_joint_age_s + 0.01
    bench.measure()
    bench.gate.poll(bench.now)
    assert (bench.gate.state, bench.gate.reason) == (GateState.HOLDING, GateReason.STALE_ODOMETRY)


def test_a_command_waits_for_the_odometry_of_its_picture() -> None:
    bench = ready()
    bench.monotonic_s += 0.1
    bench.measure()
    command = bench.command(MOVE)
    assert bench.gate.too_early(command, bench.now)
    tell(bench)
    assert not bench.gate.too_early(command, bench.now)
