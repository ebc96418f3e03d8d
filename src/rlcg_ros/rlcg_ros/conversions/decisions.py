# SPDX-License-Identifier: Apache-2.0
"""rlcg_msgs/Decision and EpisodeResult to and from the core's trace and end of an episode."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from rlcg_msgs.msg import Decision as DecisionMsg
from rlcg_msgs.msg import EpisodeResult

from rlcg_core import spec
from rlcg_core.grasp_loop import End
from rlcg_core.rule import Phase, RuleMemory
from rlcg_core.trace import Trace, image_digest
from rlcg_core.types import Action, Decision, ImageArray, Observation, ToolPose
from rlcg_ros.conversions.stamps import stamp_from_s, stamp_to_s

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DecidedBy:
    """Who decided: model bundle, its digest, the plan that ran it; and in which episode."""

    model: str
    model_digest: str
    plan: str
    episode_id: str = ""
    seed: int = 0
    base_frame: str = ""


def trace_to_msg(trace: Trace, by: DecidedBy, step: int) -> DecisionMsg:
    """Return the record of a decision; ``step`` is its number within the episode, from 0."""
    seen, memory, decision = trace.observation, trace.memory, trace.decision
    msg = DecisionMsg(episode_id=by.episode_id, step=step, seed=by.seed, plan=by.plan)
    msg.header.stamp, msg.header.frame_id = stamp_from_s(seen.stamp_s), by.base_frame
    msg.model, msg.model_digest = by.model, by.model_digest
    msg.spec_fingerprint = spec.fingerprint()
    msg.image_sha256 = np.frombuffer(image_digest(seen.image_hwc), np.uint8)
    msg.gripper_closed = bool(seen.gripper_closed)
    msg.height_above_tray = float(seen.height_above_tray_m)
    msg.tool_pose = np.array(pose_to_list(seen.tool_pose))
    msg.projection = np.asarray(seen.projection_base_to_px, np.float64).ravel()
    msg.network_ran = bool(decision.network_ran)
    if trace.inputs:
        noise = np.asarray(trace.inputs["noise"], np.float32)
        msg.noise_shape, msg.noise = list(noise.shape), noise.ravel().tolist()
        msg.cem_mean0 = np.asarray(trace.inputs["cem_mean0"], np.float32).tolist()
        msg.cem_std0 = np.asarray(trace.inputs["cem_std0"], np.float32).tolist()
    _put_memory(memory, msg)
    msg.phase, msg.action = decision.phase, decision.action.to_array()
    msg.goal, msg.q_value = pose_to_list(decision.goal), float(decision.q_value)
    msg.cem_mean = np.asarray(decision.cem_mean, np.float64).tolist()
    msg.cem_std = np.asarray(decision.cem_std, np.float64).tolist()
    return msg


def trace_from_msg(msg: Any, image_hwc: ImageArray) -> Trace:
    """Return the decision with its causes; ``msg`` may also be a message read from a bag.

    ``image_hwc`` is the image that it was made on. Graph inputs that follow from the observation
    are made as the policy makes them. Raises `SpecError` for an action outside the spec.
    """
    tool, projection = _pose(msg.tool_pose), np.array(msg.projection, np.float64).reshape(3, 4)
    height_m, closed = float(msg.height_above_tray), bool(msg.gripper_closed)
    stamp_s = stamp_to_s(msg.header.stamp)
    seen = Observation(image_hwc, closed, height_m, tool, projection, stamp_s)
    decision = Decision(
        action=Action.from_array(np.array(msg.action)),
        q_value=float(msg.q_value),
        cem_mean=np.array(msg.cem_mean, np.float64),
        cem_std=np.array(msg.cem_std, np.float64),
        phase=str(msg.phase),
        goal=_pose(msg.goal) if len(msg.goal) else None,
        network_ran=bool(msg.network_ran),
    )
    return Trace(seen, _memory(msg), _inputs(msg, seen), decision)


def end_to_msg(end: End, episode_id: str, stamp_s: float) -> EpisodeResult:
    """Return the news of an episode's end, not judged yet."""
    msg = EpisodeResult(episode_id=episode_id, text=end.text, steps=end.steps)
    msg.header.stamp, msg.termination_reason = stamp_from_s(stamp_s), int(end.reason)
    return msg


def pose_to_list(pose: ToolPose | None) -> list[float]:
    """Return x, y, z [m] and yaw [rad] of a pose; an empty list for none."""
    return [] if pose is None else [*map(float, pose.position_m), float(pose.yaw_rad)]


def _put_memory(memory: RuleMemory, msg: DecisionMsg) -> None:
    msg.phase_before, msg.goal_before = memory.phase.value, pose_to_list(memory.goal)
    msg.lowest_before = float(memory.lowest_m)
    msg.stalled_before, msg.closed_for_before = memory.stalled, memory.closed_for


def _memory(msg: Any) -> RuleMemory:
    return RuleMemory(
        phase=Phase(msg.phase_before),
        goal=_pose(msg.goal_before) if len(msg.goal_before) else None,
        lowest_m=float(msg.lowest_before),
        stalled=int(msg.stalled_before),
        closed_for=int(msg.closed_for_before),
    )


def _pose(numbers: Any) -> ToolPose:
    values = np.array(numbers, np.float64)
    return ToolPose(values[:3], float(values[3]))


def _inputs(msg: Any, seen: Observation) -> dict[str, npt.NDArray[Any]]:
    if not len(msg.noise):
        return {}
    tool = seen.tool_pose
    return {
        "state": np.array([float(seen.gripper_closed), seen.height_above_tray_m], np.float32),
        "tool_pose": np.array([*tool.position_m, tool.yaw_rad], np.float32),
        "projection": seen.projection_base_to_px.astype(np.float32),
        "cem_mean0": np.array(msg.cem_mean0, np.float32),
        "cem_std0": np.array(msg.cem_std0, np.float32),
        "noise": np.array(msg.noise, np.float32).reshape([int(n) for n in msg.noise_shape]),
    }
