# SPDX-License-Identifier: Apache-2.0
"""Quality of service, one profile per kind of traffic."""

import copy

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions


def _profile(
    depth: int,
    reliability: ReliabilityPolicy = ReliabilityPolicy.RELIABLE,
    durability: DurabilityPolicy = DurabilityPolicy.VOLATILE,
) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=reliability,
        durability=durability,
    )


# Published reliably, an image reaches both kinds of reader; read best effort, it also comes from
# drivers that publish best effort. Depth 1: the newest frame wins, nothing queues.
IMAGE_PUBLISHED = _profile(2)
IMAGE_READ = _profile(1, ReliabilityPolicy.BEST_EFFORT)

JOINT_STATES_PUBLISHED = _profile(10)
JOINT_STATES_READ = _profile(1, ReliabilityPolicy.BEST_EFFORT)

# Never transient local: a late joiner must not receive an old motion command.
COMMAND = _profile(1)

# Transient local: who joins late learns the state at once.
STATUS = _profile(1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

# Every one of them counts, and a recorder may be late.
RECORDED = _profile(50)

CLOCK = _profile(1)
DIAGNOSTICS = _profile(10)


def overridable(profile: QoSProfile) -> tuple[QoSProfile, QoSOverridingOptions]:
    """Return a copy of the profile, and leave to users: ``qos_overrides.<topic>....reliability``.

    A copy, since rclpy writes the user's values into the profile that it is given.
    """
    return copy.copy(profile), QoSOverridingOptions.with_default_policies()
