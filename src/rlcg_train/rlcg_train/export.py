# SPDX-License-Identifier: Apache-2.0
"""Write a model bundle: one ONNX graph with the CEM unrolled, proven equal before it is kept."""

import subprocess
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from torch import Tensor

from rlcg_core import bundle, manifest, spec
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import BundleError
from rlcg_core.golden import Golden, GoldenCase, pattern_image, pattern_noise
from rlcg_core.rule import RuleParameters
from rlcg_train.cem_module import CemModule
from rlcg_train.explore import default_cem, default_start
from rlcg_train.fit import load_network

OUTPUTS = ("action", "goal", "q", "mean", "std")
OPSET = 17
TOLERANCE = {"action": 2e-3, "goal": 2e-3, "q": 2e-3, "mean": 2e-3, "std": 2e-3}
GOLDEN_CASES = 4
LEARNED = ("displacement_x", "displacement_y", "yaw_change_sin", "yaw_change_cos")


@dataclass(frozen=True)
class ExportSettings:
    """What to export where, and what is known about how it was made."""

    checkpoint: Path
    out: Path
    training: manifest.Training
    samples: int = 64
    iterations: int = 3


def export(settings: ExportSettings) -> bundle.Bundle:
    """Write and verify the bundle; raises `BundleError` when the graph differs from torch."""
    cem = default_cem(settings.samples, settings.iterations)
    module = CemModule(load_network(settings.checkpoint), cem).eval()
    settings.out.mkdir(parents=True, exist_ok=True)
    graph = settings.out / bundle.GRAPH
    _write_graph(module, graph)
    vectors = _golden(module, graph)
    return bundle.write(settings.out, _manifest(settings, module), vectors)


def _example(module: CemModule, case: int) -> dict[str, npt.NDArray[np.generic]]:
    rng = np.random.RandomState(100 + case)
    start, home = default_start(), np.array([0.57, 0.0, 0.25, 0.0])
    tool = home + rng.uniform(-1, 1, size=4) * (0.1, 0.1, 0.1, 0.4)
    numbers = {
        "tool_pose": tool,
        "projection": ROBOT1.camera.projection_base_to_px(),
        "cem_mean0": np.array(start.mean0),
        "cem_std0": np.array(start.std0),
    }
    return {
        "image": pattern_image(case + 1),
        **{name: value.astype(np.float32) for name, value in numbers.items()},
        "noise": pattern_noise(case + 1, module.cem.noise_shape),
    }


def _tensors(inputs: dict[str, npt.NDArray[np.generic]]) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(value) for value in inputs.values())


def _write_graph(module: CemModule, path: Path) -> None:
    example = _example(module, 0)
    with warnings.catch_warnings():
        # The tracing exporter is deprecated, but the newer one (torch 2.13) names two values
        # "mean" in this graph, and ONNX Runtime refuses that.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            _tensors(example),
            str(path),
            input_names=list(example),
            output_names=list(OUTPUTS),
            opset_version=OPSET,
            dynamo=False,
        )
    onnx.checker.check_model(str(path), full_check=True)


@torch.no_grad()
def _golden(module: CemModule, path: Path) -> Golden:
    """Return golden vectors by ONNX Runtime, after comparing each with torch."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    cases = []
    for case in range(GOLDEN_CASES):
        inputs = _example(module, case)
        found = dict(zip(OUTPUTS, session.run(list(OUTPUTS), inputs), strict=True))
        expected = dict(zip(OUTPUTS, module(*_tensors(inputs)), strict=True))
        for name in OUTPUTS:
            gap = float(np.max(np.abs(found[name] - expected[name].numpy())))
            if gap > TOLERANCE[name]:
                raise BundleError(f"exported {name} differs from torch by {gap:.2g}: not written")
        stored = {
            name: tuple(np.asarray(value, np.float64).ravel().tolist())
            for name, value in inputs.items()
            if name not in ("image", "noise")
        }
        outputs = {name: tuple(np.ravel(found[name]).astype(float).tolist()) for name in OUTPUTS}
        cases.append(GoldenCase(case + 1, case + 1, stored, outputs))
    return Golden(dict(TOLERANCE), tuple(cases))


def _manifest(settings: ExportSettings, module: CemModule) -> manifest.Manifest:
    camera, start = ROBOT1.camera, default_start()
    inputs = {
        name: manifest.Tensor(str(value.dtype), value.shape)
        for name, value in _example(module, 0).items()
    }
    shapes = {"action": (spec.ACTION_DIM,), "q": (), "goal": (3,), "mean": (3,), "std": (3,)}
    by_rule = tuple(name for name in spec.ACTION_NAMES if name not in LEARNED)
    return manifest.Manifest(
        name=settings.out.name,
        image=manifest.ImageFormat(),
        inputs=inputs,
        outputs={name: manifest.Tensor("float32", shapes[name]) for name in OUTPUTS},
        cem=module.cem,
        cem_start=start,
        action=manifest.ActionFields(LEARNED, by_rule),
        rule=RuleParameters(),
        camera=manifest.CameraEnvelope(
            tuple(tuple(row) for row in camera.intrinsics_px.tolist()),
            tuple(tuple(row) for row in camera.transform_camera_to_base.tolist()),
        ),
        training=settings.training,
    )


def add_metric(folder: Path, metric: manifest.Metric) -> bundle.Bundle:
    """Record a measured quality in a bundle's manifest; one of the same name is replaced."""
    found = bundle.load(folder)
    kept = tuple(m for m in found.manifest.training.metrics if m.name != metric.name)
    training = replace(found.manifest.training, metrics=(*kept, metric))
    return bundle.write(folder, replace(found.manifest, training=training), found.golden)


def current_commit() -> str:
    """Return the repository's commit, or 'unknown' outside one."""
    call = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
