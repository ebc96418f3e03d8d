# SPDX-License-Identifier: Apache-2.0
"""The two clocks of a node: ROS time, which may be simulated, and monotonic time, which is not."""

import time
from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.timer import Timer

from rlcg_core.joint_history import Instant


def now(node: Node) -> Instant:
    """Return the present moment on both clocks."""
    ros_s = 1e-9 * node.get_clock().now().nanoseconds
    return Instant(ros_s=ros_s, monotonic_s=time.monotonic())


def wall_timer(node: Node, period_s: float, callback: Callable[[], None]) -> Timer:
    """Return a timer on the monotonic clock: it fires even while /clock stands still."""
    return node.create_timer(period_s, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))
