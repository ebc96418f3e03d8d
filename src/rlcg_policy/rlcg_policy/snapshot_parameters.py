# SPDX-License-Identifier: Apache-2.0
"""Parameters of snapshot_node."""

from dataclasses import dataclass

from rlcg_core.parameters import param


@dataclass(frozen=True)
class SnapshotParameters:
    """Where the pictures go."""

    folder: str = param("snapshots", "folder for pictures and joints; numbers go on in it")
