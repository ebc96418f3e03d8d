# SPDX-License-Identifier: Apache-2.0
"""Parameters of latency_node."""

from dataclasses import dataclass

from rlcg_core.parameters import param


@dataclass(frozen=True)
class LatencyParameters:
    """How many decisions to see, at which rates, and where the record goes."""

    frames: int = param(1000, "decisions of the network to record", low=1, high=1_000_000)
    record: str = param("", "JSON file to write")
    image_rate_hz: float = param(30.0, "images per second", low=1.0, high=200.0)
    joint_rate_hz: float = param(30.0, "joint states per second", low=1.0, high=1000.0)
    wait_s: float = param(60.0, "longest wait for policy_node, wall time", low=1.0, high=3600.0)
