# SPDX-License-Identifier: Apache-2.0
"""A simulated camera's pictures as a generator makes them, in place of what the camera saw.

So actors and learner see the same, G(x), next pictures too, without either knowing of it.
"""

from pathlib import Path

import cv2
import numpy as np
import torch

from rlcg_core import spec
from rlcg_core.types import ImageArray
from rlcg_train.adapt.files import load_generator
from rlcg_train.adapt.ranges import to_bytes
from rlcg_train.preprocess import picture

ROWS = slice(spec.CROP_TOP_PX, spec.CROP_TOP_PX + spec.CROP_PX)
COLUMNS = slice(spec.CROP_LEFT_PX, spec.CROP_LEFT_PX + spec.CROP_PX)


class AdaptedCamera:
    """Puts G(x) in the place of the centre crop, which is all that policies see."""

    def __init__(self, checkpoint: Path) -> None:
        """``checkpoint``: of a generator's run; raises `DataError`."""
        self._generator = load_generator(checkpoint)

    @torch.no_grad()
    def __call__(self, image_hwc: ImageArray) -> ImageArray:
        """Return the picture (512, 640, 3) with its crop adapted.

        Each pixel of the generator becomes a square of them, so that means give it back.
        """
        small = picture(torch.from_numpy(image_hwc), self._generator.settings.side_px)
        made = to_bytes(self._generator(small))[0].permute(1, 2, 0).numpy()
        size = (spec.CROP_PX, spec.CROP_PX)
        whole = image_hwc.copy()
        whole[ROWS, COLUMNS] = cv2.resize(
            np.ascontiguousarray(made), size, interpolation=cv2.INTER_NEAREST_EXACT
        )
        return whole
