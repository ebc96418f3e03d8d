# SPDX-License-Identifier: Apache-2.0
"""Frames kept in a bundle, with what the exact graph chose on them: the judge of faster forms."""

import base64
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcg_core import spec
from rlcg_core.errors import BundleError
from rlcg_core.golden import check_seed

ImageArray = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class StoredFrame:
    """One frame and what the full float32 graph made of it.

    ``image``: zlib-compressed bytes of the uint8 RGB image (512, 640, 3), as base64: lossless, and
    read by nothing but the standard library. ``inputs``: the graph's inputs besides image and
    noise, flattened. Noise is `golden.pattern_noise(noise_seed, shape)`. ``goal``: the sample
    chosen, ``q_value`` its Q; ``other_q_values``: Q of what other noise chooses.
    """

    image: str
    inputs: dict[str, tuple[float, ...]]
    noise_seed: int
    goal: tuple[float, ...]
    q_value: float
    other_q_values: tuple[float, ...]

    def __post_init__(self) -> None:
        check_seed("noise_seed", self.noise_seed)


@dataclass(frozen=True)
class StoredFrames:
    """All of ``frames.json``; ``source`` says where the frames come from."""

    source: str
    frames: tuple[StoredFrame, ...]


def pack(image_hwc: ImageArray) -> str:
    """Return an image as text."""
    return base64.b64encode(zlib.compress(image_hwc.tobytes(), 9)).decode("ascii")


def unpack(text: str) -> ImageArray:
    """Return the image (512, 640, 3) of a text; raises `BundleError`."""
    shape = (spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX, spec.IMAGE_CHANNELS)
    size = int(np.prod(shape))
    reader = zlib.decompressobj()
    try:
        # No more than an image and one byte, whatever the text would grow to.
        contents = reader.decompress(base64.b64decode(text, validate=True), size + 1)
    except (ValueError, zlib.error) as error:  # base64 tells of what is not ASCII in two ways
        raise BundleError(f"a stored frame cannot be unpacked ({error}): restore it") from error
    if len(contents) != size:
        raise BundleError(
            f"a stored frame has {len(contents)} or more bytes, expected {size} of uint8 {shape}"
        )
    return np.frombuffer(contents, np.uint8).reshape(shape)
