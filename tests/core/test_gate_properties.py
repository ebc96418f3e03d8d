# SPDX-License-Identifier: Apache-2.0
"""Ten thousand random commands: none outside the limits passes, no finite one within is refused.

What is within is decided here, from the limits' definitions, not by the gate's own checks.
"""

from dataclasses import replace

import numpy as np
import pytest
from gantry import GRIPPER, LIMITS, START, Bench

from rlcg_core import spec
from rlcg_core.limits import CUBIC_PEAK_FACTOR
from rlcg_core.motion import Motion
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.types import Action

COUNT = 10_000
REACH_M = 0.95
WHERE_LOW = np.array([0.28, -0.32, -0.02, -2.98])
WHERE_HIGH = np.array([0.72, 0.32, 0.42, 2.98])


def within_limits(numbers: np.ndarray, joints: np.ndarray) -> bool:
    """Whether a command may pass, by the words of the limits; on the gantry joints are the pose."""
    if not np.all(np.isfinite(numbers)):
        return False
    move, sine, cosine, flags = numbers[:3], numbers[3], numbers[4], numbers[5:]
    if np.any(np.abs(move) > spec.DISPLACEMENT_BOUND_M) or abs(np.hypot(sine, cosine) - 1) > 1e-3:
        return False
    if np.any(flags < 0.0) or np.any(flags > 1.0):
        return False
    yaw_rad = np.arctan2(sine, cosine)
    if abs(yaw_rad) > spec.YAW_BOUND_RAD or (flags[0] > 0.5 and flags[1] > 0.5):
        return False
    target = joints + np.array([*move, yaw_rad])
    low, high = np.array(LIMITS.workspace.low_m), np.array(LIMITS.workspace.high_m)
    slack_m = LIMITS.workspace_slack_m
    inside = np.all((target[:3] >= low - slack_m) & (target[:3] <= high + slack_m))
    if np.any(move != 0.0) and not inside:
        return False
    limit = np.array(LIMITS.position_limit_rad) - LIMITS.joint_margin_rad
    stops = flags[2] > 0.5 and not np.any(move) and yaw_rad == 0.0 and not np.any(flags[:2] > 0.5)
    return bool(stops or np.all(np.abs(target) <= limit))


def breach(motion: Motion, joints: np.ndarray) -> str:
    """Return which limit a motion breaks, or nothing."""
    target, duration_s = motion.trajectory.positions[-1], motion.trajectory.times_s[-1]
    peak = CUBIC_PEAK_FACTOR * np.abs(target - joints) / duration_s
    allowed = LIMITS.joint_speed_fraction * np.array(LIMITS.speed_limit_rad_s)
    tool_m_s = CUBIC_PEAK_FACTOR * np.linalg.norm(target[:3] - joints[:3]) / duration_s
    if np.any(peak > allowed + 1e-9):
        return f"joint speed {peak}"
    if tool_m_s > LIMITS.tool_speed_limit_m_s + 1e-9:
        return f"tool speed {tool_m_s}"
    if not 0.0 <= motion.opening_m <= GRIPPER.opening_max_m:
        return f"opening {motion.opening_m}"
    return ""


def random_numbers(rng: np.random.Generator) -> np.ndarray:
    """Return an action's numbers (8,): mostly near the limits, some wild, some not finite."""
    move = rng.uniform(-0.07, 0.07, 3) * rng.integers(0, 2, 3)
    yaw_rad = rng.uniform(-0.6, 0.6) * rng.integers(0, 2)
    flags = (rng.random(3) < 0.2).astype(float)
    numbers = np.array([*move, np.sin(yaw_rad), np.cos(yaw_rad), *flags])
    kind = rng.random()
    if kind < 0.1:
        numbers[rng.integers(8)] = rng.choice([np.nan, np.inf, -np.inf])
    elif kind < 0.2:
        numbers[rng.integers(8)] = rng.normal() * 10.0 ** rng.integers(-3, 9)
    return numbers


def is_hold(motion: Motion | None, joints: np.ndarray) -> bool:
    return motion is not None and np.array_equal(motion.trajectory.positions[-1], joints)


def test_ten_thousand_random_commands_pass_exactly_if_they_are_within_the_limits() -> None:
    rng = np.random.default_rng(20260801)
    passed = 0
    for i in range(COUNT):
        joints = rng.uniform(WHERE_LOW, WHERE_HIGH)
        numbers = random_numbers(rng)
        bench = Bench().ready(joints)
        verdict = bench.gate.check(bench.command(numbers), bench.now)
        expected = within_limits(numbers, joints)
        assert verdict.accepted == expected, (i, numbers, joints, verdict.text)
        if expected:
            assert verdict.motion is not None
            assert not breach(verdict.motion, joints), (i, numbers, joints)
        else:
            assert is_hold(verdict.motion, joints), (i, numbers)
            assert bench.gate.state is GateState.STOPPED
        passed += expected
    assert 0.2 * COUNT < passed < 0.8 * COUNT


MOVE = Action(np.array([0.01, 0.0, -0.01]))
FAULTS: dict[str, tuple[GateReason, ...]] = {
    "stale": (GateReason.STALE_STAMP,),
    "future": (GateReason.FUTURE_STAMP,),
    "waited": (GateReason.STALE_RECEIPT,),
    "replayed": (GateReason.REPLAY,),
    "not finite": (GateReason.NOT_FINITE,),
    "too far": (GateReason.STEP_TOO_LARGE,),
    "outside": (GateReason.OUTSIDE_WORKSPACE,),
    "foreign frame": (GateReason.WRONG_FRAME,),
    "foreign spec": (GateReason.SPEC_MISMATCH,),
}


def faulty(bench: Bench, kind: str, rng: np.random.Generator) -> dict[str, object]:
    """Return what is wrong with a command of this kind, by a random amount."""
    amount = float(rng.uniform(0.001, 100.0))
    numbers = MOVE.to_array()
    axis = int(rng.integers(3))
    if kind == "stale":
        return {"stamp_s": bench.now.ros_s - LIMITS.max_command_age_s - amount}
    if kind == "future":
        return {"stamp_s": bench.now.ros_s + LIMITS.max_future_s + amount}
    if kind == "waited":
        return {"receipt_s": bench.now.monotonic_s - LIMITS.max_command_age_s - amount}
    if kind == "replayed":
        return {"step": int(rng.integers(0, bench.sent + 1))}
    if kind == "not finite":
        numbers[rng.integers(8)] = rng.choice([np.nan, np.inf, -np.inf])
    elif kind == "too far":
        numbers[axis] = rng.choice([-1.0, 1.0]) * (LIMITS.max_step_m + amount)
    elif kind == "outside":
        bench.measure(np.array([0.695, 0.0, 0.2, 0.0]))
        numbers[0] = rng.uniform(0.0065, LIMITS.max_step_m)
    elif kind == "foreign frame":
        return {"frame_id": f"frame_{amount:.3f}"}
    else:
        return {"spec_fingerprint": f"{rng.integers(2**60):016x}"}
    return {"action": numbers}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_thousand_faulty_commands_of_each_kind_stop_the_arm(kind: str) -> None:
    rng = np.random.default_rng(7)
    for _ in range(1000):
        bench = Bench().ready()
        assert bench.gate.check(bench.command(MOVE), bench.now).accepted
        bench.pass_time(0.1)
        changes = faulty(bench, kind, rng)
        verdict = bench.gate.check(replace(bench.command(MOVE), **changes), bench.now)
        assert verdict.reason in FAULTS[kind], (changes, verdict.text)
        assert bench.gate.state is GateState.STOPPED
        measured = START if kind != "outside" else np.array([0.695, 0.0, 0.2, 0.0])
        assert is_hold(verdict.motion, measured)


def test_a_flood_of_sound_commands_is_carried_out_one_by_one_without_a_stop() -> None:
    bench = Bench().ready()
    for i in range(2000):
        bench.pass_time(0.005)
        direction = 0.001 if i % 2 else -0.001
        verdict = bench.gate.check(bench.command(Action(np.array([direction, 0, 0]))), bench.now)
        assert verdict.accepted, verdict.text
