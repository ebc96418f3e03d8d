# SPDX-License-Identifier: Apache-2.0
"""The frames that judge faster forms: stored with what the exact graph chose on them."""

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from rlcg_core import bundle
from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError, DataError
from rlcg_core.stored_frames import StoredFrame, StoredFrames, pack
from rlcg_train.graph_search import GraphSearch
from rlcg_train.seen_frame import SeenFrame, graph_inputs

OTHER_SEEDS = 4


def store(found: Bundle, frames: Sequence[SeenFrame], source: str, seed: int) -> Bundle:
    """Write ``frames.json`` into a bundle and return it; raises `DataError` without frames.

    The full float32 graph searches each frame with one seed's noise and with `OTHER_SEEDS` others;
    ``seed`` fixes them all.
    """
    if not frames:
        raise DataError("no frames to store, expected at least one: give episodes that hold some")
    full = GraphSearch(found, found.manifest.graphs[0], found.graph_bytes)
    noise_seeds = np.random.RandomState(seed).randint(1, 2**31, (len(frames), 1 + OTHER_SEEDS))
    pairs = zip(frames, noise_seeds.tolist(), strict=True)
    judged = [
        _judged(found, full, frame, seeds)
        for frame, seeds in tqdm(pairs, total=len(frames), desc="judging frames", unit="frame")
    ]
    stored = StoredFrames(source, tuple(judged))
    return bundle.write(found.folder, found.manifest, found.golden, stored)


def _judged(found: Bundle, full: GraphSearch, frame: SeenFrame, seeds: list[int]) -> StoredFrame:
    noise = np.zeros(full.noise_shape, np.float32)
    inputs = graph_inputs(found.manifest, frame, noise)
    choice, *others = (full.choose(inputs, seed) for seed in seeds)
    if min(choice.q_value, *(other.q_value for other in others)) <= 0.0:
        raise BundleError("the float32 graph gives no finite Q on a frame: train it again")
    flat = {
        name: tuple(np.ravel(value).astype(float).tolist())
        for name, value in inputs.items()
        if name not in ("image", "noise")
    }
    return StoredFrame(
        image=pack(frame.image_hwc),
        inputs=flat,
        noise_seed=seeds[0],
        goal=choice.goal,
        q_value=choice.q_value,
        other_q_values=tuple(other.q_value for other in others),
    )
