# SPDX-License-Identifier: Apache-2.0
"""rlcg_msgs/GraspCommand to and from the core's decision and gate command."""

import numpy as np
from rlcg_msgs.msg import GraspCommand

from rlcg_core import spec
from rlcg_core.gate_checks import GateCommand
from rlcg_core.reasons import TerminationReason
from rlcg_core.types import Decision
from rlcg_ros.conversions.stamps import stamp_from_s, stamp_to_s


def decision_to_msg(
    decision: Decision,
    stamp_s: float,
    base_frame: str,
    episode_id: str,
    step: int,
    stop_reason: TerminationReason = TerminationReason.NONE,
) -> GraspCommand:
    """Return the command of a decision; ``stamp_s`` is that of the image decided on.

    ``stop_reason``: why the episode ends, if this is the command that stops the arm.
    """
    msg = GraspCommand(episode_id=episode_id, step=step, spec_fingerprint=spec.fingerprint())
    msg.stop_reason = int(stop_reason)
    msg.header.stamp, msg.header.frame_id = stamp_from_s(stamp_s), base_frame
    action = [float(number) for number in decision.action.to_array()]
    msg.displacement.x, msg.displacement.y, msg.displacement.z = action[:3]
    msg.yaw_change_sin, msg.yaw_change_cos = action[3], action[4]
    msg.close_gripper, msg.open_gripper = decision.action.close, decision.action.open
    msg.terminate, msg.q_value = decision.action.terminate, float(decision.q_value)
    msg.cem_mean = np.asarray(decision.cem_mean, dtype=np.float64).tolist()
    msg.cem_std = np.asarray(decision.cem_std, dtype=np.float64).tolist()
    return msg


def command_from_msg(msg: GraspCommand, receipt_s: float) -> GateCommand:
    """Return the command for the gate, unchecked; ``receipt_s``: monotonic time of arrival."""
    move = msg.displacement
    flags = (msg.close_gripper, msg.open_gripper, msg.terminate)
    action = [move.x, move.y, move.z, msg.yaw_change_sin, msg.yaw_change_cos, *map(float, flags)]
    return GateCommand(
        action=np.array(action, dtype=np.float64),
        stamp_s=stamp_to_s(msg.header.stamp),
        frame_id=msg.header.frame_id,
        spec_fingerprint=msg.spec_fingerprint,
        receipt_s=receipt_s,
        episode_id=msg.episode_id,
        step=msg.step,
        stop_reason=msg.stop_reason,
    )
