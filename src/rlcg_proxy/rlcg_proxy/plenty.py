# SPDX-License-Identifier: Apache-2.0
"""Attempts in plenty and of a better mix than a lab has, to show that `real_proxy` can be learned.

The scripted policy that knows the objects' poses makes them. They bound what any method could
reach and are kept apart from the lab's log; no row of the results is trained on them.
"""

from pathlib import Path

from rlcg_core.robots import Robot
from rlcg_proxy.lab_log import OBJECTS
from rlcg_proxy.worlds import ProxyWorlds
from rlcg_sim.description import find_urdf
from rlcg_train.collect import CollectSettings, collect

# Scenes of these attempts: training's own range, above those of the log.
FIRST_PLENTY = 2**37 + 2**30


def collect_plenty(
    out: Path, attempts: int, checkpoint: str, first: int, workers: int, robot: Robot
) -> None:
    """Fill a folder with shards for rlcg-train fit; safe to interrupt and to repeat.

    ``checkpoint``: network that acts, empty for the scripted policy.
    """
    collect(
        CollectSettings(
            out,
            find_urdf(robot.cell.urdf),
            attempts=attempts,
            first=FIRST_PLENTY + first,
            objects=OBJECTS,
            workers=workers,
            tiny_every=0,
            checkpoint=checkpoint,
            rule=robot.rule,
            open_world=ProxyWorlds(cell=robot.cell),
        )
    )
