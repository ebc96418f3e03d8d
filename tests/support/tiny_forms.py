# SPDX-License-Identifier: Apache-2.0
"""The tiny model with more forms and with stored frames: a smaller search, and another precision.

Its "int8" graphs are float32 graphs of a bowl whose peak is displaced: a precision that costs as
much as the test wants.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import tiny_model
from bundles import CEM, example_golden, example_manifest
from onnx import helper, numpy_helper

from rlcg_core import bundle, cem, golden, stored_frames, strict_json
from rlcg_core.bundle import Bundle
from rlcg_core.golden import Golden
from rlcg_core.manifest import GraphForm, Manifest
from rlcg_core.stored_frames import StoredFrame, StoredFrames

SMALL = 16
# Logits of the bowl fall by (20 * 0.05)^2 = 1 when x is wrong by this much.
POOR_M, GOOD_M = 0.05, 0.0002


def write(
    folder: Path, int8_off_m: float | None = None, small: bool = False, frames: int = 4
) -> Bundle:
    """Write the tiny model; with an int8 form whose peak is off in x, if given."""
    tiny_model.write(folder)
    forms = (
        [("policy_int8.onnx", "int8", CEM.samples, int8_off_m)] if int8_off_m is not None else []
    )
    forms += [("policy_3x16.onnx", "float32", SMALL, 0.0)] if small else []
    if small and int8_off_m is not None:
        forms.append(("policy_int8_3x16.onnx", "int8", SMALL, int8_off_m))
    for file, _, samples, off_m in forms:
        onnx.save(tiny_model.graph(samples, displaced(off_m or 0.0)), folder / file)
    more = [GraphForm(file, kind, CEM.iterations, samples) for file, kind, samples, _ in forms]
    return rewrite(folder, more, frames)


def rewrite(folder: Path, more: list[GraphForm], frames: int = 0) -> Bundle:
    """Write the manifest again with these forms beside the full one, whose files stand there."""
    found = strict_json.read(Manifest, folder / bundle.MANIFEST)
    vectors = strict_json.read(Golden, folder / bundle.GOLDEN)
    manifest = replace(found, graphs=(*found.graphs[:1], *more))
    stored = StoredFrames("drawn", tuple(frame(10 + i) for i in range(frames)))
    return bundle.write(folder, manifest, vectors, stored if frames else None)


def rewritten(found: Bundle) -> Bundle:
    """Write the manifest again for graphs that were changed since."""
    return rewrite(found.folder, list(found.manifest.graphs[1:]), len(found.frames))


def displaced(off_m: float) -> tiny_model.Peak:
    x, y, yaw = tiny_model.PEAK
    return x + off_m, y, yaw


def frame(seed: int) -> StoredFrame:
    """Return a frame, with the choice of the numpy reference for it."""
    image = golden.pattern_image(seed)
    start = bundle_inputs()
    found = [
        cem.search(
            lambda samples: tiny_model.logits(image, samples),
            CEM,
            start["cem_mean0"],
            start["cem_std0"],
            golden.pattern_noise(noise_seed, CEM.noise_shape),
        )
        for noise_seed in (seed, seed + 1000, seed + 2000)
    ]
    q = [float(1.0 / (1.0 + np.exp(-result.logit))) for result in found]
    goal = tuple(found[0].best.tolist())
    return StoredFrame(stored_frames.pack(image), start, seed, goal, q[0], tuple(q[1:]))


def bundle_inputs() -> dict[str, tuple[float, ...]]:
    return example_golden().cases[0].inputs


def with_unknown_operator() -> onnx.ModelProto:
    """Return the model with a node that no runtime has."""
    model = tiny_model.graph()
    node = model.graph.node.pop()
    strange = helper.make_node("Teleport", list(node.input), list(node.output), domain="nowhere")
    model.graph.node.append(strange)
    model.opset_import.append(helper.make_opsetid("nowhere", 1))
    return model


def poison(model: onnx.ModelProto, number: float) -> None:
    """Put a number into the first weight."""
    weight = model.graph.initializer[0]
    values = numpy_helper.to_array(weight).copy()
    values.flat[0] = number
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))


def example_inputs(samples: int = CEM.samples, seed: int = 7) -> dict[str, np.ndarray]:
    """Return all inputs of a graph of the tiny model."""
    tensors = example_manifest().inputs
    values = {
        name: np.array(numbers, np.float32).reshape(tensors[name].shape)
        for name, numbers in bundle_inputs().items()
    }
    shape = (CEM.iterations, samples, len(CEM.variables))
    image, noise = golden.pattern_image(seed), golden.pattern_noise(seed, shape)
    return {"image": image, **values, "noise": noise}
