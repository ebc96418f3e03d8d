# SPDX-License-Identifier: Apache-2.0
"""From camera bytes to what networks see, as part of the graph."""

import torch
from torch import Tensor
from torch.nn import functional

from rlcg_core import spec


def crop(image: Tensor) -> Tensor:
    """Return the centre crop (472, 472, 3) of an image (512, 640, 3), bytes as they are."""
    rows = slice(spec.CROP_TOP_PX, spec.CROP_TOP_PX + spec.CROP_PX)
    columns = slice(spec.CROP_LEFT_PX, spec.CROP_LEFT_PX + spec.CROP_PX)
    return image[rows, columns]


def half_picture(image: Tensor) -> Tensor:
    """Crop, halve by 2 x 2 means, scale to [-1, 1]: uint8 (512, 640, 3) to (1, 3, 236, 236)."""
    picture = crop(image).permute(2, 0, 1)[None].float()
    return functional.avg_pool2d(picture, 2) / 127.5 - 1


def picture(image: Tensor, side_px: int) -> Tensor:
    """Return `half_picture` at this side, by means of squares of pixels, (1, 3, side, side).

    ``side_px`` divides 236.
    """
    half = half_picture(image)
    factor = half.shape[-1] // side_px
    return half if factor == 1 else functional.avg_pool2d(half, factor)


def crop_picture(image: Tensor) -> Tensor:
    """Crop and scale to [0, 1]: uint8 (512, 640, 3) to (1, 3, 472, 472), QT-Opt's input."""
    return crop(image).permute(2, 0, 1)[None].float() / 255.0


def camera_centre_xy(projection: Tensor) -> Tensor:
    """Return x and y (2,) [m] of the camera's centre, the point that (3, 4) projects nowhere."""
    r1, r2, r3 = projection[0, :3], projection[1, :3], projection[2, :3]
    c23, c31, c12 = _cross(r2, r3), _cross(r3, r1), _cross(r1, r2)
    volume = (r1 * c23).sum()
    p = projection[:, 3]
    centre = -(c23 * p[0] + c31 * p[1] + c12 * p[2]) / volume
    return centre[:2]


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return torch.stack(
        [
            a[1] * b[2] - a[2] * b[1],
            a[2] * b[0] - a[0] * b[2],
            a[0] * b[1] - a[1] * b[0],
        ]
    )
