# SPDX-License-Identifier: Apache-2.0
"""The two clocks of a node: ROS time, which may be simulated, and monotonic time, which is not."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.timer import Timer

from rlcg_core.joint_history import Instant


def now(node: Node) -> Instant:
    """Return the present moment on both clocks."""
    ros_s = 1e-9 * node.get_clock().now().nanoseconds
    return Instant(ros_s=ros_s, monotonic_s=time.monotonic())


def received_s(info: Mapping[str, Any]) -> float:
    """Return when a message came in, before it waited for its callback, on the monotonic clock.

    ``info`` is what rclpy gives the callback with the message. A middleware that does not say, or
    a wall clock that was set back meanwhile, makes it the present moment.
    """
    received_ns = info["received_timestamp"]
    waited_s = time.time() - 1e-9 * received_ns if received_ns > 0 else 0.0
    return time.monotonic() - max(0.0, waited_s)


def wall_timer(node: Node, period_s: float, callback: Callable[[], None]) -> Timer:
    """Return a timer on the monotonic clock: it fires even while /clock stands still."""
    return node.create_timer(period_s, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))
