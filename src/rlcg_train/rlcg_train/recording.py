# SPDX-License-Identifier: Apache-2.0
"""Record simulated episodes into folders; a rerun records what is missing."""

from pathlib import Path

from tqdm import tqdm

from rlcg_core.episode_files import EPISODE
from rlcg_core.errors import WorldError
from rlcg_core.robots import ROBOTS, Robot
from rlcg_train import episodes
from rlcg_train.simulated import FIRST_RECORDED, Simulated

TRIES = 10


def record(
    out: Path,
    count: int,
    urdf: Path,
    renderer: str = "auto",
    play: type[Simulated] = Simulated,
    robot: Robot = ROBOTS["robot1"],
) -> list[Path]:
    """Return the folders of ``count`` episodes, those that were there already included.

    ``play``: what plays them. Raises `WorldError` when no attempt of ten shows anything.
    """
    out.mkdir(parents=True, exist_ok=True)
    folders = [out / f"{number:05d}" for number in range(count)]
    missing = [k for k, folder in enumerate(folders) if not (folder / EPISODE).is_file()]
    if not missing:
        return folders
    world = play(urdf, renderer, robot)
    try:
        progress = tqdm(missing, total=count, initial=count - len(missing), unit="episode")
        for number in progress:
            _record_one(world, number, folders[number])
    finally:
        world.close()
    return folders


def _record_one(world: Simulated, number: int, folder: Path) -> None:
    for attempt in range(TRIES):
        frames = world.attempt(FIRST_RECORDED + number * TRIES + attempt)
        if frames:
            episodes.write(folder, world.source, frames)
            return
    raise WorldError(f"{TRIES} attempts for {folder.name} gave no frame: check the simulator")
