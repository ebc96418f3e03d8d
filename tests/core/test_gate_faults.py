# SPDX-License-Identifier: Apache-2.0
"""What latches the gate without a bad command: a policy that stops for a fault, lost joints."""

from dataclasses import replace

import numpy as np
import pytest
from gantry import LIMITS, Bench

from rlcg_core.reasons import GateReason, GateState, TerminationReason
from rlcg_core.types import Action

MOVE = Action(np.array([0.01, 0.0, -0.01]))
STOP = Action(np.zeros(3), terminate=True)
NO_SUCH_REASON = 999


def moving() -> Bench:
    """Return a bench within an episode."""
    bench = Bench().ready()
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted
    bench.pass_time(0.1)
    return bench


@pytest.mark.parametrize(
    "reason", [*(r for r in TerminationReason if r.is_fault), NO_SUCH_REASON], ids=str
)
def test_a_policy_that_stops_for_a_fault_latches_the_gate(reason: int) -> None:
    bench = moving()
    verdict = bench.gate.check(bench.command(STOP, stop_reason=int(reason)), bench.now)
    assert verdict.reason is GateReason.POLICY_FAULT
    assert verdict.motion is not None
    assert verdict.motion.is_hold
    assert bench.gate.state is GateState.STOPPED
    assert not bench.gate.deadman.armed
    assert bench.gate.check(bench.command(MOVE), bench.now).reason is GateReason.LATCHED
    bench.pass_time(LIMITS.reset_cooldown_s)
    assert bench.gate.reset_stop(bench.now).accepted


@pytest.mark.parametrize("reason", [r for r in TerminationReason if not r.is_fault])
def test_an_end_in_good_order_leaves_the_gate_open(reason: TerminationReason) -> None:
    bench = moving()
    assert bench.gate.check(bench.command(STOP, stop_reason=int(reason)), bench.now).accepted
    assert bench.gate.state is GateState.READY


def test_a_fault_of_an_episode_that_is_over_does_not_stop_the_one_of_now() -> None:
    bench = moving()
    late = bench.command(STOP, stop_reason=int(TerminationReason.STALE_IMAGE))
    assert bench.gate.check(bench.command(STOP), bench.now).accepted
    bench.episode += 1
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted
    assert bench.gate.check(late, bench.now).reason is GateReason.REPLAY
    assert bench.gate.state is GateState.READY


def test_joint_states_that_cease_within_an_episode_latch_without_another_command() -> None:
    bench = moving()
    bench.monotonic_s += LIMITS.max_joint_age_s + 0.01
    verdict = bench.gate.poll(bench.now)
    assert verdict.reason is GateReason.STALE_JOINT_STATE
    assert verdict.motion is None
    assert bench.gate.state is GateState.STOPPED
    bench.measure()
    assert bench.gate.poll(bench.now).reason is GateReason.STALE_JOINT_STATE


def test_joint_states_that_cease_between_episodes_hold_until_they_come_again() -> None:
    bench = Bench().ready()
    bench.monotonic_s += LIMITS.max_joint_age_s + 0.01
    bench.gate.poll(bench.now)
    assert bench.gate.state is GateState.HOLDING
    bench.measure()
    bench.gate.poll(bench.now)
    assert bench.gate.state is GateState.READY


def test_in_simulation_joint_states_may_be_late_within_an_episode() -> None:
    bench = Bench(replace(LIMITS, deadman_in_ros_time=True, deadman_s=60.0)).ready()
    assert bench.gate.check(bench.command(MOVE), bench.now).accepted
    bench.monotonic_s += LIMITS.max_joint_age_s + 0.01
    bench.gate.poll(bench.now)
    assert bench.gate.state is GateState.HOLDING


def test_a_command_from_the_future_is_judged_at_once_where_the_clock_is_no_simulated_one() -> None:
    for simulated in (False, True):
        bench = Bench(replace(LIMITS, deadman_in_ros_time=simulated)).ready()
        ahead = bench.command(MOVE, stamp_s=bench.now.ros_s + LIMITS.max_future_s + 0.1)
        assert bench.gate.too_early(ahead, bench.now) == simulated
        assert bench.gate.check(ahead, bench.now).reason is GateReason.FUTURE_STAMP
