# SPDX-License-Identifier: Apache-2.0
"""Write a model bundle: one ONNX graph with the CEM unrolled, proven equal before it is kept."""

import os
import subprocess
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from rlcg_core import bundle, manifest, spec
from rlcg_core.errors import BundleError
from rlcg_core.golden import Golden, GoldenCase, pattern_image, pattern_noise
from rlcg_train import checkpoints
from rlcg_train.cem_module import OUTPUTS, CemModule
from rlcg_train.exact_form import exported_scorer
from rlcg_train.profiles import Profile

OPSET = 17
TOLERANCE = {"action": 2e-3, "goal": 2e-3, "q": 2e-3, "mean": 2e-3, "std": 2e-3}
GOLDEN_CASES = 4


@dataclass(frozen=True)
class ExportSettings:
    """What to export where, and what is known about how it was made.

    ``iterations`` 0 takes the profile's own number.
    """

    checkpoint: Path
    out: Path
    training: manifest.Training
    samples: int = 64
    iterations: int = 0


def export(settings: ExportSettings) -> bundle.Bundle:
    """Write and verify the bundle; raises `BundleError` when the graph differs from torch.

    Forms and stored frames of a graph that stood there before go with it: they are of its weights.
    """
    profile, network = checkpoints.load(settings.checkpoint)
    scorer, form = exported_scorer(profile, network)
    module = CemModule(scorer, profile.cem(settings.samples, settings.iterations or None)).eval()
    print(f"exporting {settings.out.name}: profile {profile.name}, {form} form")
    settings.out.mkdir(parents=True, exist_ok=True)
    graph = settings.out / bundle.GRAPH
    write_graph(profile, module, graph)
    vectors = _golden(profile, module, graph)
    for stale in (settings.out / bundle.FRAMES, *settings.out.glob("policy_*.onnx")):
        stale.unlink(missing_ok=True)
    return bundle.write(settings.out, _manifest(settings, profile, module), vectors)


def example(profile: Profile, module: CemModule, case: int) -> dict[str, npt.NDArray[np.generic]]:
    """Return inputs of golden case ``case`` by name, in the order of the module's inputs."""
    numbers = {
        **profile.example(case),
        "cem_mean0": np.array(profile.start.mean0),
        "cem_std0": np.array(profile.start.std0),
    }
    values: dict[str, npt.NDArray[np.generic]] = {
        "image": pattern_image(case + 1),
        **{name: value.astype(np.float32) for name, value in numbers.items()},
        "noise": pattern_noise(case + 1, module.cem.noise_shape),
    }
    return {name: values[name] for name in module.input_names}


def tensors(inputs: dict[str, npt.NDArray[np.generic]]) -> tuple[Tensor, ...]:
    """Return the inputs as torch tensors, in their order."""
    return tuple(torch.from_numpy(value) for value in inputs.values())


def write_graph(profile: Profile, module: CemModule, path: Path) -> None:
    """Write the ONNX graph of a module and check it."""
    inputs = example(profile, module, 0)
    named = {name: torch.from_numpy(value) for name, value in inputs.items()}
    trace(module, named, OUTPUTS, path)
    onnx.checker.check_model(str(path), full_check=True)


def trace(module: nn.Module, inputs: dict[str, Tensor], outputs: Sequence[str], path: Path) -> None:
    """Write what a module computes on inputs of these shapes; names as given, in their order."""
    with warnings.catch_warnings():
        # The tracing exporter is deprecated, but the newer one (torch 2.13) names two values
        # "mean" in a bundle's graph, and ONNX Runtime refuses that.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=list(outputs),
            opset_version=OPSET,
            dynamo=False,
        )


@torch.no_grad()
def proven_outputs(
    module: CemModule, graph: str | bytes, inputs: dict[str, npt.NDArray[np.generic]]
) -> dict[str, npt.NDArray[np.generic]]:
    """Return what ONNX Runtime makes of a graph; raises `BundleError` where torch differs."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    found = dict(zip(OUTPUTS, session.run(list(OUTPUTS), inputs), strict=True))
    expected = dict(zip(OUTPUTS, module(*tensors(inputs)), strict=True))
    for name in OUTPUTS:
        gap = float(np.max(np.abs(found[name] - expected[name].numpy())))
        if not gap <= TOLERANCE[name]:
            raise BundleError(
                f"exported {name} differs from torch by {gap:.2g}, expected at most "
                f"{TOLERANCE[name]:g}: not written; is the graph of this checkpoint?"
            )
    return found


def _golden(profile: Profile, module: CemModule, path: Path) -> Golden:
    """Return golden vectors by ONNX Runtime, after comparing each with torch."""
    cases = []
    for case in range(GOLDEN_CASES):
        inputs = example(profile, module, case)
        found = proven_outputs(module, str(path), inputs)
        stored = {
            name: tuple(np.asarray(value, np.float64).ravel().tolist())
            for name, value in inputs.items()
            if name not in ("image", "noise")
        }
        outputs = {name: tuple(np.ravel(found[name]).astype(float).tolist()) for name in OUTPUTS}
        cases.append(GoldenCase(case + 1, case + 1, stored, outputs))
    return Golden(dict(TOLERANCE), tuple(cases))


def _manifest(settings: ExportSettings, profile: Profile, module: CemModule) -> manifest.Manifest:
    camera, n = profile.cell.camera, len(profile.variables)
    inputs = {
        name: manifest.Tensor(str(value.dtype), value.shape)
        for name, value in example(profile, module, 0).items()
    }
    shapes = {"action": (spec.ACTION_DIM,), "q": (), "goal": (n,), "mean": (n,), "std": (n,)}
    return manifest.Manifest(
        name=settings.out.name,
        image=manifest.ImageFormat(),
        inputs=inputs,
        outputs={name: manifest.Tensor("float32", shapes[name]) for name in OUTPUTS},
        cem=module.cem,
        cem_start=profile.start,
        action=manifest.ActionFields(profile.learned, profile.by_rule),
        rule=profile.rule,
        camera=manifest.CameraEnvelope(
            tuple(tuple(row) for row in camera.intrinsics_px.tolist()),
            tuple(tuple(row) for row in camera.transform_camera_to_base.tolist()),
        ),
        training=settings.training,
        graphs=(
            manifest.GraphForm(bundle.GRAPH, "float32", module.cem.iterations, module.cem.samples),
        ),
    )


def add_metric(folder: Path, metric: manifest.Metric) -> bundle.Bundle:
    """Record a measured quality in a bundle's manifest; one of the same name is replaced."""
    found = bundle.load(folder)
    kept = tuple(m for m in found.manifest.training.metrics if m.name != metric.name)
    training = replace(found.manifest.training, metrics=(*kept, metric))
    return bundle.write(folder, replace(found.manifest, training=training), found.golden)


def current_commit() -> str:
    """Return the repository's commit, or 'unknown' outside one.

    The environment variable ``RLCG_COMMIT`` comes first: a container image has no repository.
    """
    given = os.environ.get("RLCG_COMMIT", "")
    if given:
        return given
    call = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(call, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"
