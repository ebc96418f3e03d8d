# SPDX-License-Identifier: Apache-2.0
"""Has base_node drive to a place and waits until it stands there."""

import math
import time

from rclpy.node import Node
from rlcg_msgs.msg import GateStatus
from rlcg_msgs.srv import PlaceBase
from std_srvs.srv import Trigger

from rlcg_core.errors import WorldError
from rlcg_core.reasons import GateReason, GateState
from rlcg_ros import qos
from rlcg_ros.calls import Caller
from rlcg_ros.conversions import stamp_from_s, stamp_to_s

ANSWER_S = 10.0
DRIVE_S = 120.0
# Why a base does not drive for want of a message: of its odometry, or of the arm's gate.
NEWS_LACKS = (GateReason.STALE_ODOMETRY, GateReason.NOT_ACTIVE)


class BaseCalls:
    """`base_node` of one robot; each call raises `WorldError` if it cannot be done."""

    def __init__(self, node: Node, caller: Caller, prefix: str) -> None:
        """``prefix``: the robot's namespace with a slash, or empty."""
        self._caller = caller
        self._place = node.create_client(PlaceBase, f"{prefix}base_node/place")
        self._reset_stop = node.create_client(Trigger, f"{prefix}base_node/reset_stop")
        self._status: GateStatus | None = None
        node.create_subscription(GateStatus, f"{prefix}base_status", self._take, qos.STATUS)

    def _take(self, msg: GateStatus) -> None:
        self._status = msg

    def wait(self, limit_s: float) -> None:
        """Wait until base_node is there."""
        self._caller.service(self._place, limit_s)

    def place(self, seed: int, place: str, not_before_s: float) -> float:
        """Drive to the pose that ``place`` means for ``seed``; return since when [ROS s].

        ``not_before_s``: since when the scene is there, -inf for ever.
        """
        self._caller.call(self._reset_stop, Trigger.Request(), ANSWER_S)
        not_before = stamp_from_s(max(0.0, not_before_s))
        request = PlaceBase.Request(seed=seed, place=place, not_before=not_before)
        since_s = max(stamp_to_s(self._sent(request).stamp), not_before_s)
        self._caller.wait_until(
            lambda: self._over(since_s), DRIVE_S, "base at its place", "look at base_node's output"
        )
        status = self._status
        assert status is not None  # it is over
        if status.state != GateState.READY:
            raise WorldError(f"the base did not come to its place: {status.text}")
        return stamp_to_s(status.header.stamp)

    def _sent(self, request: PlaceBase.Request) -> PlaceBase.Response:
        """Return the answer of a base that drives; asks again while all that lacks is news.

        A base_node that has just started, or whose odometry was late, hears it in a moment.
        """
        answer = PlaceBase.Response()

        def final() -> bool:
            nonlocal answer
            answer = self._caller.call(self._place, request, ANSWER_S)
            return answer.reason not in NEWS_LACKS or time.monotonic() > latest_s

        latest_s = time.monotonic() + ANSWER_S
        self._caller.wait_until(
            final, 2 * ANSWER_S, "consent of the base", "look at base_node's output"
        )
        if answer.reason:
            raise WorldError(f"the base does not drive: {answer.text}")
        return answer

    def _over(self, since_s: float) -> bool:
        status = self._status
        told_s = stamp_to_s(status.header.stamp) if status is not None else -math.inf
        return told_s >= since_s and status is not None and status.state != GateState.HOLDING
