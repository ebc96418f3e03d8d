# SPDX-License-Identifier: Apache-2.0
"""Two looks of one toy world: a grasp succeeds if and only if it closes on the disc.

"sim": a bright disc on dark ground. "real": a dark disc on warm, noisy ground. Pictures are of the
camera's size; real ones come as logged episodes, simulated ones as shards with masks.
"""

from pathlib import Path

import numpy as np

from rlcg_core import spec
from rlcg_core.camera import project
from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import Outcome
from rlcg_core.types import Action, ImageArray
from rlcg_sim.looks.pairs import Pair
from rlcg_sim.looks.stage import Part
from rlcg_train import logged
from rlcg_train.adapt import pair_shards
from rlcg_train.adapt.domain import DomainData
from rlcg_train.adapt.domain_files import load
from rlcg_train.from_logs import make_shards
from rlcg_train.logged import LoggedEpisode, decided
from rlcg_train.network import NetworkSettings
from rlcg_train.rollout import Attempt, Frame
from rlcg_train.seen_frame import SeenFrame
from rlcg_train.shards import write_shard

PROJECTION = ROBOT1.camera.projection_base_to_px()
RADIUS_PX = 22
ROWS, COLUMNS = np.mgrid[: spec.IMAGE_HEIGHT_PX, : spec.IMAGE_WIDTH_PX]

NETWORK = NetworkSettings(widths=(4, 8, 8), hidden=16, picture_px=59)
Domains = tuple[DomainData, DomainData]


def disc_mask(disc_xy: np.ndarray) -> np.ndarray:
    column, row = project(PROJECTION, np.array([[*disc_xy, 0.012]]))[0]
    return np.hypot(ROWS - row, COLUMNS - column) < RADIUS_PX


def picture(look: str, disc: np.ndarray, rng: np.random.Generator) -> ImageArray:
    """Return the scene (512, 640, 3) in a look."""
    ground, thing = ((60, 60, 70), (220, 225, 230))
    if look == "real":
        ground, thing = ((190, 150, 110), (70, 40, 30))
    image = np.empty((*disc.shape, 3), np.uint8)
    image[:] = ground
    image[disc] = thing
    if look == "real":
        shade = rng.integers(0, 12, size=(32, 40, 1)).repeat(16, 0).repeat(16, 1)
        image = (image + shade).astype(np.uint8)
    return image


def grasp(seed: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return where the disc lies (2,), the goal (3,), and whether that succeeds."""
    rng = np.random.default_rng(seed)
    disc = np.array([rng.uniform(0.52, 0.62), rng.uniform(-0.08, 0.08)])
    success = bool(rng.random() < 0.5)
    angle = rng.uniform(-np.pi, np.pi)
    away = (0.0 if success else 0.06) * np.array([np.cos(angle), np.sin(angle)])
    return disc, np.array([*(disc + away), rng.uniform(-1, 1)]), success


def write_sim(folder: Path, attempts: int, pairs: bool = True, look: str = "sim") -> None:
    """Write one shard of simulated attempts, one frame each."""
    folder.mkdir(parents=True, exist_ok=True)
    found, taken = {}, []
    for seed in range(attempts):
        rng = np.random.default_rng([seed, 1])
        disc_xy, goal, success = grasp(seed)
        disc = disc_mask(disc_xy)
        image = picture(look, disc, rng)
        tool = np.array([0.57, 0.0, 0.2, 0.0])
        outcome = Outcome.SUCCESS if success else Outcome.FAILURE
        found[seed] = Attempt((Frame(image, tool),), goal, outcome, 5)
        mask = np.where(disc, Part.OBJECT, Part.TRAY).astype(np.uint8)
        depth = np.where(disc, 0.9, 1.0).astype(np.float32)
        taken.append(Pair(image, picture("sim", disc, rng), mask, depth))
    shard = folder / "00000.npz"
    if pairs:
        pair_shards.write(pair_shards.beside(shard), taken)
    write_shard(shard, found, "drawn", PROJECTION)


def real_episode(seed: int) -> LoggedEpisode:
    """Return an episode as a lab logs it: a picture, then the jaw closes."""
    disc_xy, goal, success = grasp(10_000 + seed)
    image = picture("real", disc_mask(disc_xy), np.random.default_rng([seed, 2]))
    before = SeenFrame(image, np.array([0.0, 0.2]), np.array([0.57, 0, 0.2, 0]), PROJECTION)
    there = np.array([goal[0], goal[1], 0.02, goal[2]])
    closing = SeenFrame(image, np.array([0.0, 0.02]), there, PROJECTION)
    move, close = Action.hold().to_array(), Action(np.zeros(3), close=True).to_array()
    outcome = Outcome.SUCCESS if success else Outcome.FAILURE
    steps = (decided(move, 0.0, "servo"), decided(close, 0.1, "close", outcome))
    return LoggedEpisode("toy", (before, closing), steps, outcome, "drawn")


def write_real(folder: Path, episodes: int) -> dict[str, str]:
    """Log episodes and make shards of them in ``folder / shards``; return what was left out."""
    for seed in range(episodes):
        logged.write(folder / "log" / f"{seed:05d}", real_episode(seed))
    return make_shards([folder / "log"], folder / "shards")


def toy_domains(
    folder: Path, attempts: int = 60, side_px: int = 59
) -> tuple[DomainData, DomainData]:
    """Return simulated and real data out of files."""
    write_sim(folder / "sim", attempts)
    write_real(folder / "real", attempts)
    return load([folder / "sim"], side_px), load([folder / "real" / "shards"], side_px)
