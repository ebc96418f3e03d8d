# SPDX-License-Identifier: Apache-2.0
"""Recorded episodes: a folder each, with ``episode.json`` and pictures, lossless PNG or JPEG.

A folder appears under its name only when it is complete.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from rlcg_core import spec, strict_json
from rlcg_core.episode_files import EPISODE, EpisodeFile, SeenStep, read_seen
from rlcg_core.errors import DataError
from rlcg_core.types import ImageArray
from rlcg_train.seen_frame import SeenFrame


def write(folder: Path, source: str, frames: Sequence[SeenFrame]) -> None:
    """Write an episode as ``folder``, lossless; raises `DataError` if something stands there."""
    part = begin(folder)
    fill(part, source, frames)
    os.replace(part, folder)


def begin(folder: Path) -> Path:
    """Return an empty folder to fill, which becomes ``folder`` by renaming; raises `DataError`."""
    if folder.exists():
        raise DataError(f"{folder} is in the way and no whole episode: move or delete it")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    return part


def fill(part: Path, source: str, frames: Sequence[SeenFrame], jpeg_quality: int = 0) -> None:
    """Write pictures and ``episode.json``; raises `DataError`. ``jpeg_quality`` 0: lossless PNG."""
    steps = []
    for k, frame in enumerate(frames):
        name = f"{k:03d}.jpg" if jpeg_quality else f"{k:03d}.png"
        options = [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality] if jpeg_quality else []
        if not cv2.imwrite(str(part / name), frame.image_hwc[:, :, ::-1], options):
            raise DataError(f"{part / name} cannot be written: is the disk full?")
        numbers = (frame.state, frame.tool_pose, frame.projection)
        steps.append(SeenStep(name, *(tuple(n.ravel().astype(float).tolist()) for n in numbers)))
    strict_json.write(EpisodeFile(source, tuple(steps)), part / EPISODE)


def read(folder: Path) -> tuple[str, list[SeenFrame]]:
    """Return source and frames of one episode; raises `DataError`."""
    found = read_seen(folder)
    return found.source, [_frame(folder, step) for step in found.steps]


def find(folders: Sequence[Path]) -> list[Path]:
    """Return the episodes' folders: those given, and those below them; raises `DataError`."""
    found: set[Path] = set()
    for folder in folders:
        found |= {path.parent for path in (folder / EPISODE, *folder.glob(f"*/{EPISODE}"))}
        found -= {path for path in found if not (path / EPISODE).is_file()}
    complete = sorted(path for path in found if path.suffix != ".part")
    if not complete:
        raise DataError(
            f"no {EPISODE} in {[str(f) for f in folders]} or right below: record some by "
            "rlcg-train record-episodes, or give other folders"
        )
    return complete


def _frame(folder: Path, step: SeenStep) -> SeenFrame:
    lengths = {"state": spec.STATE_DIM, "tool_pose": 4, "projection": 12}
    for name, length in lengths.items():
        if len(getattr(step, name)) != length:
            raise DataError(
                f"{folder / EPISODE}: {name} has {len(getattr(step, name))} numbers, expected "
                f"{length}: record the episode again"
            )
    return SeenFrame(
        _picture(folder / step.image),
        np.array(step.state),
        np.array(step.tool_pose),
        np.array(step.projection).reshape(3, 4),
    )


def _picture(path: Path) -> ImageArray:
    shape = (spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX, spec.IMAGE_CHANNELS)
    loaded = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if loaded is None or loaded.shape != shape:
        found = "no readable picture" if loaded is None else f"a picture of {loaded.shape}"
        raise DataError(f"{path} is {found}, expected one of {shape}: record the episode again")
    return np.ascontiguousarray(loaded[:, :, ::-1], np.uint8)
