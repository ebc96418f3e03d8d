# SPDX-License-Identifier: Apache-2.0
"""Every recorded decision again: bit for bit by the same model, side by side by another one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rlcg_core.errors import RlcgError
from rlcg_core.trace import Trace
from rlcg_core.types import Action, Decision, ToolPose
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_record.episode_reader import Episode, Step

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Replayed:
    """One decision made again. ``again`` is None where that was not possible: ``problem``.

    ``differing`` names the fields whose bytes differ from the record.
    """

    step: Step
    again: Decision | None
    problem: str
    differing: tuple[str, ...]

    @property
    def action_change(self) -> FloatArray:
        """Return the new action minus the recorded one, shape (8,), in the spec's order."""
        assert self.again is not None
        recorded: FloatArray = np.array(self.step.msg.action, np.float64)
        return self.again.action.to_array() - recorded

    @property
    def q_change(self) -> float:
        """Return the new Q minus the recorded one."""
        assert self.again is not None
        return self.again.q_value - float(self.step.msg.q_value)

    @property
    def goal_change_m(self) -> float:
        """Return how far the goals lie apart [m], NaN where one has none."""
        assert self.again is not None
        goal = self.again.goal
        if goal is None or not len(self.step.msg.goal):
            return float("nan")
        return float(np.linalg.norm(goal.position_m - np.array(self.step.msg.goal)[:3]))


def repeat(policy: OnnxPolicy, episode: Episode) -> Iterator[Replayed]:
    """Yield each decision again from its own recorded causes, by the model that made it."""
    for step in episode.steps:
        yield _made(step, lambda trace: policy.repeat(trace))


def decide(policy: OnnxPolicy, episode: Episode) -> Iterator[Replayed]:
    """Yield what another model decides on the recorded observations, from the episode's seed.

    It sees what the recorded decisions led to, not what its own would have.
    """
    seeds = [int(step.msg.seed) for step in episode.steps]
    policy.reset(seeds[0] if seeds else 0)
    for step in episode.steps:
        yield _made(step, lambda trace: policy.decide(trace.observation))


def _made(step: Step, make: Any) -> Replayed:
    trace: Trace | None = step.trace
    if trace is None:
        return Replayed(step, None, step.problem, ())
    try:
        again = make(trace)
    except RlcgError as error:
        return Replayed(step, None, str(error), ())
    return Replayed(step, again, "", differences(step.msg, again))


def differences(msg: Any, again: Decision) -> tuple[str, ...]:
    """Return the fields of a recorded decision whose bytes differ from a new one."""
    recorded = {
        "action": np.array(msg.action, np.float64),
        "goal": np.array(msg.goal, np.float64),
        "q_value": np.float64(msg.q_value),
        "cem_mean": np.array(msg.cem_mean, np.float64),
        "cem_std": np.array(msg.cem_std, np.float64),
    }
    new = {
        "action": _vector(again.action),
        "goal": _vector(again.goal),
        "q_value": np.float64(again.q_value),
        "cem_mean": np.asarray(again.cem_mean, np.float64),
        "cem_std": np.asarray(again.cem_std, np.float64),
    }
    fields = [name for name, value in recorded.items() if value.tobytes() != new[name].tobytes()]
    return tuple(fields + (["phase"] if msg.phase != again.phase else []))


def _vector(value: Action | ToolPose | None) -> FloatArray:
    if value is None:
        return np.zeros(0)
    if isinstance(value, Action):
        return value.to_array()
    return np.array([*value.position_m, value.yaw_rad])
