# SPDX-License-Identifier: Apache-2.0
"""Raising, closing and opening the gripper after an episode, through the gate, to see what it held.

The steps are `rlcg_core.drop`; each goes out as a ``grasp_command`` on a fresh frame.
"""

import time
import uuid
from collections import deque
from dataclasses import dataclass

import numpy as np
from rclpy.node import Node
from rlcg_msgs.msg import GraspCommand

from rlcg_core.cell import Cell
from rlcg_core.drop import DropScript, Stage, Step
from rlcg_core.errors import InputError
from rlcg_core.image_difference import at_rest, judge_difference
from rlcg_core.outcome_sources import Judgement, Source, judge_opening
from rlcg_core.ports import Kinematics
from rlcg_core.reasons import GateState, Outcome
from rlcg_core.types import Decision, ImageArray, JointSample, ToolPose
from rlcg_ros import qos
from rlcg_ros.calls import Caller
from rlcg_ros.cell_watch import CellWatch
from rlcg_ros.conversions import decision_to_msg

FRAME_S = 10.0
# A scene rests when this many frames in a row look alike: more than a second at 3 Hz.
REST_FRAMES = 5


@dataclass
class _Seen:
    """What the script saw: jaw opening [m] and the pictures; ``stopped``: the gate refused.

    ``earlier_hwc`` is from a second or so before ``before_hwc``.
    """

    opening_m: float = float("nan")
    earlier_hwc: ImageArray | None = None
    before_hwc: ImageArray | None = None
    after_hwc: ImageArray | None = None
    stopped: bool = False


class GripperLook:
    """Judges by jaw opening and by pictures; works for any robot behind a gate."""

    def __init__(
        self,
        node: Node,
        caller: Caller,
        watch: CellWatch,
        cell: Cell,
        kinematics: Kinematics,
        prefix: str = "",
        realtime: bool = False,
    ) -> None:
        """``prefix``: the robot's namespace with a slash. ``realtime``: keep the control rate.

        In lock-step the world waits for every command, and so does the next frame.
        """
        self._caller, self._watch, self._cell = caller, watch, cell
        self._kinematics = kinematics
        self._period_s = 1.0 / cell.control_rate_hz if realtime else 0.0
        self._closed = False
        node.create_subscription(
            GraspCommand, f"{prefix}grasp_command", self._take_command, qos.RECORDED
        )
        self._command_out = node.create_publisher(
            GraspCommand, f"{prefix}grasp_command", qos.COMMAND
        )

    def judge(self, drop: bool) -> dict[Source, Judgement]:
        """Return what the jaw says and, if it shall ``drop`` what it holds, what the pictures say.

        Raises `WorldError` when frames or joint states stop coming.
        """
        sources = [Source.GRIPPER_OPENING] + [Source.IMAGE_DIFFERENCE] * drop
        if not self._closed:
            text = "the jaw was left open: it holds nothing"
            return {source: Judgement(source, Outcome.FAILURE, text) for source in sources}
        seen = self._run(DropScript(self._cell.bin.floor_z_m, drop))
        if seen.stopped:
            text = f"the gate stopped the look: {self._watch.gate_text}"
            return {source: Judgement(source, Outcome.UNKNOWN, text) for source in sources}
        found = {Source.GRIPPER_OPENING: judge_opening(seen.opening_m, self._cell.gripper)}
        if drop:
            found[Source.IMAGE_DIFFERENCE] = _compare(seen)
        return found

    def _take_command(self, msg: GraspCommand) -> None:
        self._closed = (self._closed or msg.close_gripper) and not msg.open_gripper

    def _run(self, script: DropScript) -> _Seen:
        seen, episode, number = _Seen(), uuid.uuid4().hex[:8], 0
        pictures: deque[ImageArray | None] = deque(maxlen=REST_FRAMES)
        sent_s, left_s = -float("inf"), -float("inf")
        while True:
            self._await_frame(sent_s, left_s)
            if self._watch.gate_state is GateState.STOPPED:
                seen.stopped = True
                return seen
            joints = self._joints()
            pictures.append(self._watch.image)
            step = script.next(self._tool(joints), _resting(pictures))
            if step is None:
                return seen
            self._note(step, joints, seen, pictures[0])
            sent_s, left_s = self._watch.image_stamp_s, time.monotonic()
            self._send(step, sent_s, episode, number)
            number += 1

    def _await_frame(self, sent_s: float, left_s: float) -> None:
        """Wait for a frame newer than the last command's, at the control rate."""
        watch = self._watch

        def arrived() -> bool:
            due = time.monotonic() - left_s >= self._period_s
            newer = watch.image_stamp_s > sent_s and watch.joint_stamp_s >= sent_s
            return (due and newer) or watch.gate_state is GateState.STOPPED

        remedy = "is there a camera on image_raw, does the robot follow commands?"
        self._caller.wait_until(arrived, FRAME_S, "frame after a command to the gripper", remedy)

    def _note(
        self, step: Step, joints: JointSample, seen: _Seen, earlier: ImageArray | None
    ) -> None:
        if step.stage is Stage.LOOK:
            seen.opening_m, seen.before_hwc = self._opening_m(joints), self._watch.image
            seen.earlier_hwc = earlier
        elif step.stage is Stage.LOOK_AGAIN:
            seen.after_hwc = self._watch.image

    def _send(self, step: Step, stamp_s: float, episode: str, number: int) -> None:
        none = np.zeros(0)
        decision = Decision(step.action, float("nan"), none, none, step.stage.value)
        frame = self._cell.arm.base_frame
        self._command_out.publish(decision_to_msg(decision, stamp_s, frame, episode, number))

    def _joints(self) -> JointSample:
        joints = self._watch.joints
        if joints is None:
            raise InputError("no joint_states, expected them before the gripper is looked at")
        return joints

    def _tool(self, joints: JointSample) -> ToolPose:
        return self._kinematics.tool_pose(joints.pick(self._cell.arm.joint_names))

    def _opening_m(self, joints: JointSample) -> float:
        return float(joints.pick((self._cell.gripper.joint_name,))[0])


def _resting(pictures: deque[ImageArray | None]) -> bool:
    first, last = pictures[0], pictures[-1]
    if len(pictures) < REST_FRAMES or first is None or last is None:
        return False
    return at_rest(first, last)


def _compare(seen: _Seen) -> Judgement:
    if seen.before_hwc is None or seen.after_hwc is None:
        return Judgement(Source.IMAGE_DIFFERENCE, Outcome.UNKNOWN, "a picture is missing")
    return judge_difference(seen.before_hwc, seen.after_hwc, seen.earlier_hwc)
