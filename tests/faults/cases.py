# SPDX-License-Identifier: Apache-2.0
"""The faults: how each is made, and what the gate is to say of it."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from fault_cell import FaultCell
from rlcg_msgs.msg import GraspCommand

from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import GateReason
from rlcg_core.types import Action, Decision
from rlcg_ros.conversions import decision_to_msg, stamp_from_s

DELAY_S, JUMP_S = 0.4, 5.0
SILENCE = (GateReason.POLICY_FAULT, GateReason.DEADMAN)
# The gate's reasons, or the policy's if it noticed first.
NO_JOINTS = (GateReason.STALE_JOINT_STATE, GateReason.BAD_JOINT_STATE, GateReason.POLICY_FAULT)
ANY_TIME = (*NO_JOINTS, *SILENCE, GateReason.STALE_STAMP, GateReason.FUTURE_STAMP)
SMALL = Action(np.array([0.005, 0.0, 0.0]))
Make = Callable[[FaultCell], None]


@dataclass(frozen=True)
class Case:
    """``make`` makes the fault, as the last thing that it does; ``reasons``: what the gate may say.

    Where policy and gate both notice, the sooner one gives the reason.
    """

    name: str
    make: Make
    reasons: tuple[GateReason, ...]


def command(action: Action = SMALL, age_s: float = 0.0) -> GraspCommand:
    """Return a command of an episode of its own, sound but for what the arguments say."""
    decision = Decision(action, 0.5, np.zeros(0), np.zeros(0))
    episode = f"rogue{time.monotonic_ns()}"
    return decision_to_msg(decision, time.time() - age_s, ROBOT1.arm.base_frame, episode, 0)


def _camera(**fault: object) -> Make:
    return lambda cell: cell.fault_of_sim(**fault)


def _link(fault: str) -> Make:
    return lambda cell: cell.set_parameters("link_node", fault=fault)


def _policy(fault: str) -> Make:
    return lambda cell: cell.set_parameters("policy_node", fault=fault)


def _signal(number: int) -> Make:
    return lambda cell: os.kill(cell.policy.pid, number)


def jump(seconds: float) -> Make:
    """Return how the simulator's clock is set ahead, or back."""
    return lambda cell: cell.jump(seconds)


def _displaced(x_m: float) -> Make:
    def send(cell: FaultCell) -> None:
        message = command()
        message.displacement.x = x_m
        cell.rogue.publish(message)

    return send


def _up(cell: FaultCell) -> None:
    # The arm goes round just below the top of the box, where a step of this size is too much.
    cell.rogue.publish(command(Action(np.array([0.0, 0.0, 0.06]))))


def _aged(age_s: float) -> Make:
    return lambda cell: cell.rogue.publish(command(age_s=age_s))


def _replayed(cell: FaultCell) -> None:
    _, old = cell.heard["grasp_command"][-4]
    old.header.stamp = stamp_from_s(time.time())
    cell.rogue.publish(old)


CASES = (
    Case("camera unplugged", _camera(image_drop=1.0), SILENCE),
    Case("camera frozen", _camera(image_freeze=True), SILENCE),
    Case("camera delayed by 0.4 s", _camera(image_delay_s=DELAY_S), SILENCE),
    Case("camera of the wrong size", _camera(image_shrink=2), SILENCE),
    Case("joint states silent", _link("joints_silent"), NO_JOINTS),
    Case("joint states NaN", _link("joints_nan"), NO_JOINTS),
    Case("joint states renamed", _link("joints_renamed"), NO_JOINTS),
    Case("policy killed (kill -9)", _signal(signal.SIGKILL), SILENCE),
    Case("policy halted (SIGSTOP)", _signal(signal.SIGSTOP), SILENCE),
    Case("policy: its network fails", _policy("error"), SILENCE),
    Case("policy: exception", _policy("defect"), SILENCE),
    Case("policy stalls for 2 s", _policy("stall"), SILENCE),
    Case("robot's clock 5 s back", jump(-JUMP_S), ANY_TIME),
    Case("robot's clock 5 s ahead", jump(JUMP_S), ANY_TIME),
    Case("policy cut off", _link("policy_cut"), SILENCE),
    Case("gate cut off", _link("gate_cut"), (*NO_JOINTS, *SILENCE)),
    Case("command NaN", _displaced(float("nan")), (GateReason.NOT_FINITE,)),
    Case("command infinite", _displaced(float("inf")), (GateReason.NOT_FINITE,)),
    Case("command beyond a step", _displaced(0.2), (GateReason.STEP_TOO_LARGE,)),
    Case("command out of the box", _up, (GateReason.OUTSIDE_WORKSPACE,)),
    Case("command stale", _aged(1.0), (GateReason.STALE_STAMP,)),
    Case("command from the future", _aged(-1.0), (GateReason.FUTURE_STAMP,)),
    Case("command replayed", _replayed, (GateReason.REPLAY,)),
)
# Of a robot on a mobile base. A command waits for the odometry of its picture, and meanwhile the
# gate hears no other.
NO_ODOMETRY = (GateReason.STALE_ODOMETRY, *SILENCE)
BASE_CASES = (
    Case("base is pushed", _link("base_moves"), (GateReason.BASE_MOVES,)),
    Case("odometry silent", _link("odom_silent"), NO_ODOMETRY),
    Case("odometry NaN", _link("odom_nan"), (GateReason.STALE_ODOMETRY,)),
)
