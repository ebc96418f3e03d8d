# SPDX-License-Identifier: Apache-2.0
"""Do generators move, delete or add things? Masks tell, in simulation where they are known.

A finder (`finder.py`) has learned to find objects, gripper, arm and tray in many looks. It is asked
about x and about G(x); both answers are compared with the true mask of x by intersection over
union. What x reaches is the ceiling: the share of it that G(x) keeps is the agreement.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rlcg_core.errors import DataError
from rlcg_sim.looks.stage import Part
from rlcg_train.adapt.domain import DomainData
from rlcg_train.adapt.ranges import to_signed
from rlcg_train.adapt.unet import UNet

PARTS = {"objects": (Part.OBJECT,), "gripper": (Part.ARM, Part.GRIPPER)}
FRAMES = 200
AT_ONCE = 20


@dataclass(frozen=True)
class Agreement:
    """Intersection over union with the true mask, of what is found in x and in G(x)."""

    in_x: float
    in_made: float


@torch.no_grad()
def agreement(generator: UNet, finder: UNet, data: DomainData) -> dict[str, Agreement]:
    """Return the agreement of each of `PARTS` over up to 200 frames that were held out.

    ``finder``: of the same size of picture. Raises `DataError` without masks or
    held-out frames.
    """
    if data.truth is None:
        raise DataError("the shards have no masks: collect them by rlcg-train pairs")
    if not len(data.held_out):
        raise DataError("found no held-out frames, expected at least 1: collect more attempts")
    places = np.linspace(0, len(data.held_out) - 1, FRAMES).astype(np.int64)
    chosen = torch.from_numpy(data.held_out[np.unique(places)])
    counts = {name: torch.zeros(2, 2) for name in PARTS}
    for index in chosen.split(AT_ONCE):
        picture = to_signed(data.pictures[index])
        found = [_classes(finder, picture), _classes(finder, generator(picture))]
        for name, parts in PARTS.items():
            truth = _among(data.truth.mask[index], parts)
            for row, classes in enumerate(found):
                counts[name][row] += _overlap(_among(classes, parts), truth)
    ratios = {name: (c[:, 0] / c[:, 1].clamp(min=1.0)).tolist() for name, c in counts.items()}
    return {name: Agreement(*pair) for name, pair in ratios.items()}


def _classes(finder: UNet, picture: Tensor) -> Tensor:
    return finder.all_heads(picture)[1].argmax(dim=1)


def _among(classes: Tensor, parts: tuple[Part, ...]) -> Tensor:
    return torch.isin(classes, torch.tensor([int(part) for part in parts]))


def _overlap(found: Tensor, truth: Tensor) -> Tensor:
    """Return the numbers of pixels in the intersection and in the union."""
    return torch.stack([(found & truth).sum(), (found | truth).sum()]).float()
