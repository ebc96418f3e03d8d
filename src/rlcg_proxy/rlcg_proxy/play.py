# SPDX-License-Identifier: Apache-2.0
"""One episode of any policy in a world, without ROS: what was seen, done, and came of it."""

from dataclasses import dataclass, replace

from rlcg_core.episode_files import Decided
from rlcg_core.gate_checks import GateError
from rlcg_core.ports import Policy
from rlcg_core.reasons import Outcome
from rlcg_core.types import Decision
from rlcg_sim.motion import CellStepper
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_train.logged import decided
from rlcg_train.seen_frame import SeenFrame

STEP_LIMIT = 20
# Phases of the rule after which no picture is looked at any more.
BLIND = ("close", "lift")


@dataclass(frozen=True)
class Played:
    """An episode; ``frames`` and ``decisions`` are as long, ``frames`` empty if not kept."""

    frames: tuple[SeenFrame, ...]
    decisions: tuple[Decided, ...]
    outcome: Outcome


def play(world: PyBulletWorld, policy: Policy, seed: int, keep_frames: bool) -> Played:
    """Run a policy in a world that was just reset, until it ends the episode or the limit.

    Without ``keep_frames`` no picture is drawn where a rule closes and lifts. What the gate
    refuses ends the episode as a failure. Stamps count from the episode's beginning.
    """
    stepper = CellStepper(world)
    policy.reset(seed)
    begun_s = world.time_s
    frames, steps, phase, outcome = [], list[Decided](), "", Outcome.FAILURE
    for _ in range(STEP_LIMIT):
        observation = stepper.observe(with_image=keep_frames or phase not in BLIND)
        decision = policy.decide(observation)
        phase = decision.phase
        if keep_frames:
            frames.append(SeenFrame.of(observation))
        # To the microsecond: how long the world has run must not show in the last digits.
        steps.append(_note(round(observation.stamp_s - begun_s, 6), decision))
        if decision.action.terminate:
            outcome = world.outcome()
            break
        try:
            stepper.perform(decision.action)
        except GateError:
            break
    steps[-1] = replace(steps[-1], reward=float(outcome is Outcome.SUCCESS), done=True)
    return Played(tuple(frames), tuple(steps), outcome)


def _note(stamp_s: float, decision: Decision) -> Decided:
    return decided(decision.action.to_array(), stamp_s, decision.phase)
