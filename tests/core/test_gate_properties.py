# SPDX-License-Identifier: Apache-2.0
"""Ten thousand random commands: none outside the limits passes, no finite one within is refused.

What is within is decided by an oracle of its own (tests/support/gate_oracle.py), not by the gate.
"""

from dataclasses import replace

import numpy as np
import pytest
from gantry import LIMITS, START, Bench
from gate_oracle import breach, random_numbers, within_limits

from rlcg_core.motion import Motion
from rlcg_core.reasons import GateReason, GateState
from rlcg_core.types import Action

COUNT = 10_000
WHERE_LOW = np.array([0.28, -0.32, -0.02, -2.98])
WHERE_HIGH = np.array([0.72, 0.32, 0.42, 2.98])


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
