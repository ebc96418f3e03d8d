# SPDX-License-Identifier: Apache-2.0
"""Where bins may stand in a world."""

from rlcg_core.errors import WorldError

# The cell of robot 1 has one bin in one place, which is the centre one of a row of one.
PLACEMENTS = ("", "centre")


def check_placement(name: str) -> None:
    """Raise `WorldError` for a placement that the cell does not have."""
    if name not in PLACEMENTS:
        raise WorldError(
            f"bins at place {name!r} are wanted, this cell has one bin, in the centre: choose a "
            "protocol for one bin, or a world with more"
        )
