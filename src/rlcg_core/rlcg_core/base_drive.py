# SPDX-License-Identifier: Apache-2.0
"""How a base drives to a place: straight there, turning meanwhile, slower as it comes near."""

import math

from rlcg_core.base_pose import BasePose, wrapped_rad
from rlcg_core.base_watch import STILL, BaseTwist
from rlcg_core.cell import BaseDescription

# The least speeds below, for a fifth of a second of delay, stay within these: a base that
# answers later goes back and forth over its place.
ARRIVED_M, ARRIVED_RAD = 0.006, 0.010
# Share of what is left that is driven in a second; fast enough, and far from the period's limit.
GAIN_HZ = 1.5
# Slower than this, wheels may not turn at all; and a gate would take it for standing.
LEAST_M_S, LEAST_RAD_S = 0.02, 0.03


def twist_towards(goal: BasePose, at: BasePose, base: BaseDescription) -> BaseTwist:
    """Return the speeds that lead from ``at`` to ``goal``, none once it is there."""
    ((ahead_m, left_m),) = at.seen_from_base([(goal.x_m, goal.y_m)]).tolist()
    distance_m, turn_rad = math.hypot(ahead_m, left_m), wrapped_rad(goal.yaw_rad - at.yaw_rad)
    if distance_m < ARRIVED_M and abs(turn_rad) < ARRIVED_RAD:
        return STILL
    speed = _eased(distance_m, ARRIVED_M, LEAST_M_S, base.speed_limit_m_s)
    turn = _eased(abs(turn_rad), ARRIVED_RAD, LEAST_RAD_S, base.turn_limit_rad_s)
    share = speed / max(distance_m, 1e-9)
    return BaseTwist(share * ahead_m, share * left_m, math.copysign(turn, turn_rad))


def _eased(left: float, arrived: float, least: float, most: float) -> float:
    return 0.0 if left < arrived else min(max(GAIN_HZ * left, least), most)
