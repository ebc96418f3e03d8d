# SPDX-License-Identifier: Apache-2.0
"""Frames from the simulator, written by a process of its own: `python -m rlcg_bench.render`.

Scenes and objects are of the training range: what is measured is time, and which of two forms of
the same network chooses what. No success is claimed from them.
"""

import sys
from contextlib import closing
from pathlib import Path

from rlcg_bench.frame import Frame, save
from rlcg_core import strict_json
from rlcg_core.bundle import MANIFEST
from rlcg_core.cell import ROBOT1
from rlcg_core.golden import pattern_noise
from rlcg_core.manifest import Manifest
from rlcg_sim.description import find_urdf
from rlcg_train.seen_frame import graph_inputs
from rlcg_train.simulated import Simulated

# Other scenes than those of the frames that bundles store.
SEED = 10_000


def write(folder: Path, model: Path, count: int) -> None:
    """Write ``count`` frames with the noise and start of the search that ``model`` is made for."""
    manifest = strict_json.read(Manifest, model / MANIFEST)
    with closing(Simulated(find_urdf(ROBOT1.urdf))) as simulated:
        for number, seen in enumerate(simulated.frames(count, SEED)):
            noise = pattern_noise(number + 1, manifest.cem.noise_shape)
            save(folder, number, Frame(**graph_inputs(manifest, seen, noise)))


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
