# SPDX-License-Identifier: Apache-2.0
"""All samples of some folders in memory, and patches cut from them straight out of bytes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from rlcg_core.errors import DataError
from rlcg_train.network import HALF_PX, NetworkSettings, patch_points, to_grid
from rlcg_train.preprocess import camera_centre_xy
from rlcg_train.shards import Samples, read_shard

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Dataset:
    """Frames of attempts, as tensors; ``pixels`` is (n * 236 * 236, 3) uint8.

    ``train`` and ``held_out`` number frames; no attempt has frames in both.
    """

    pixels: Tensor
    tool_pose: Tensor
    grasp_pose: Tensor
    success: Tensor
    projection: Tensor
    train: IntArray
    held_out: IntArray

    def __len__(self) -> int:
        return len(self.success)

    @cached_property
    def camera_xy_m(self) -> Tensor:
        """Where the camera of the stored pictures stands in the base frame, (2,) [m]."""
        return camera_centre_xy(self.projection)

    def to(self, device: torch.device) -> "Dataset":
        """Return the same on a device; what numbers frames stays where numpy is."""
        names = ("pixels", "tool_pose", "grasp_pose", "success", "projection")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


FRAMES_PER_ATTEMPT = 3


def load(folders: list[Path], held_out_share: float = 0.08) -> Dataset:
    """Read all shards of the folders; raises `DataError` when they are empty or disagree.

    Of each attempt the first frame and up to two others are trained on: on-policy attempts have
    twice the frames of scripted ones, mostly successes, and would drown those otherwise.
    """
    paths = [path for folder in folders for path in sorted(folder.glob("[0-9]*.npz"))]
    paths = [path for path in paths if not path.name.endswith(".part.npz")]
    if not paths:
        raise DataError(f"no shards in {[str(f) for f in folders]}: run rlcg-train collect first")
    parts: list[Samples] = []
    projection = read_shard(paths[0])[1]
    for path in tqdm(paths, desc="reading shards", unit="shard"):
        samples, here = read_shard(path)
        if not np.allclose(here, projection):
            raise DataError(f"{path} has another camera than {paths[0]}: keep cameras apart")
        parts.append(samples)
    attempt = np.concatenate([part.attempt for part in parts])
    held = held_out_attempts(attempt, held_out_share)
    used = some_of_each(attempt)
    return Dataset(
        pixels=torch.from_numpy(np.concatenate([p.images for p in parts]).reshape(-1, 3)),
        tool_pose=_joined([p.tool_pose for p in parts]),
        grasp_pose=_joined([p.grasp_pose for p in parts]),
        success=_joined([p.success for p in parts]),
        projection=torch.tensor(projection, dtype=torch.float32),
        train=np.flatnonzero(~held & used),
        held_out=np.flatnonzero(held & used),
    )


def held_out_attempts(attempt: IntArray, share: float = 0.08) -> npt.NDArray[np.bool_]:
    """Mark the frames (n,) of attempts that are held out, by attempt number.

    So a frame never moves between the two when data is added.
    """
    return np.asarray((attempt * 2654435761 % 2**32) / 2**32 < share)


def some_of_each(attempt: IntArray) -> npt.NDArray[np.bool_]:
    """Mark the first frame of each attempt, and others up to `FRAMES_PER_ATTEMPT`, spread out.

    ``attempt`` (n,): of each frame, those of one attempt in a row.
    """
    used = np.zeros(len(attempt), bool)
    starts = np.flatnonzero(np.diff(attempt, prepend=-1) != 0)
    for start, end in zip(starts, [*starts[1:], len(attempt)], strict=True):
        count = min(FRAMES_PER_ATTEMPT, end - start)
        used[np.linspace(start, end - 1, count).round().astype(int)] = True
    return used


def _joined(arrays: list[npt.NDArray[np.float64]]) -> Tensor:
    return torch.tensor(np.concatenate(arrays), dtype=torch.float32)


def batches(frames: IntArray, size: int, rng: np.random.Generator) -> Iterator[Tensor]:
    """Yield shuffled frame numbers in batches of ``size``, the last incomplete one left out."""
    order = rng.permutation(frames)
    for start in range(0, len(order) - size + 1, size):
        yield torch.from_numpy(order[start : start + size])


def cut_patches(data: Dataset, settings: NetworkSettings, frames: Tensor, goal: Tensor) -> Tensor:
    """Return patches (B, 3P, H, W) in [-1, 1] of frames (B,) at goals (B, 3).

    Bilinear, zero outside the picture: what `network.sample_patches` computes, without turning
    whole pictures into floats.
    """
    points = patch_points(settings, goal)
    batch, planes, count, _ = points.shape
    grid = to_grid(points.reshape(batch, planes * count, 3), data.projection)
    place = 0.5 * HALF_PX * (grid + 1) - 0.5
    low = torch.floor(place)
    part = place - low
    low = low.long()
    total = torch.zeros(batch, planes * count, 3, device=goal.device)
    for dy in (0, 1):
        for dx in (0, 1):
            x, y = low[..., 0] + dx, low[..., 1] + dy
            weight_x = part[..., 0] if dx else 1 - part[..., 0]
            weight_y = part[..., 1] if dy else 1 - part[..., 1]
            inside = (x >= 0) & (x < HALF_PX) & (y >= 0) & (y < HALF_PX)
            index = (frames[:, None] * HALF_PX + y.clamp(0, HALF_PX - 1)) * HALF_PX
            index = index + x.clamp(0, HALF_PX - 1)
            colour = data.pixels[index.reshape(-1)].reshape(batch, -1, 3).float() / 127.5 - 1
            total += (weight_x * weight_y * inside)[..., None] * colour
    shaped = total.reshape(batch, planes, settings.span_px, settings.reach_px, 3)
    return shaped.permute(0, 1, 4, 2, 3).reshape(
        batch, 3 * planes, settings.span_px, settings.reach_px
    )
