# SPDX-License-Identifier: Apache-2.0
"""Parameters of evaluate_node."""

from dataclasses import dataclass

from rlcg_core.parameters import param


@dataclass(frozen=True)
class EvaluateParameters:
    """What to evaluate and where the report goes."""

    grasps: int = param(6, "attempts to make", low=1, high=65_536)
    seed: int = param(1, "seed of scenes and decisions", low=0, high=2**24 - 1)
    objects: str = param("mixed_test", "object set in the bin")
    backend: str = param("sim", "what the world is, for the record")
    run_directory: str = param("runs", "folder of the reports; each run gets its own in it")
    wait_for_nodes_s: float = param(
        30.0, "longest wait for the other nodes, wall time", low=0.1, high=3600.0
    )
    reset_timeout_s: float = param(
        120.0, "longest wait for a reset of the world, wall time", low=1.0, high=3600.0
    )
    home_timeout_s: float = param(
        20.0, "longest wait for the arm to be home, wall time", low=1.0, high=600.0
    )
