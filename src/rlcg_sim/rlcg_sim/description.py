# SPDX-License-Identifier: Apache-2.0
"""Where the robot description lies: in an installed workspace, or in a checkout."""

import os
from pathlib import Path

from rlcg_core.errors import WorldError

SHARE = Path("share") / "rlcg_policy"
FOLDER = Path("config") / "urdf"


def find_urdf(name: str) -> Path:
    """Return the path of a robot description; raises `WorldError` listing where it looked."""
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    places = [prefix / SHARE / FOLDER / name for prefix in prefixes]
    places += [parent / FOLDER / name for parent in Path(__file__).resolve().parents]
    for place in places:
        if place.is_file():
            return place
    raise WorldError(
        f"no robot description {name} in {[str(p.parent) for p in places]}: "
        "build the workspace, or give the path"
    )
