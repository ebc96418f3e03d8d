# SPDX-License-Identifier: Apache-2.0
"""Everything that the variants run on, made from one bundle: the same weights for all of them."""

import os
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from rlcg_bench.flops import decision_gflop
from rlcg_bench.frame import path
from rlcg_bench.steps.graphs import HEAD, TOWER
from rlcg_bench.steps.torch_network import CHECKPOINT
from rlcg_bench.weights import network_of
from rlcg_core import spec
from rlcg_core.bundle import Bundle
from rlcg_core.errors import WorldError
from rlcg_train import checkpoints, export
from rlcg_train.cem_module import CemModule
from rlcg_train.hoist import HoistedScorer, fold_batch_norm
from rlcg_train.profiles import ACTION
from rlcg_train.qt_opt_network import QtOptNetwork
from rlcg_train.scorer import ActionScorer

PLAIN, HOISTED = "plain.onnx", "hoisted.onnx"


@dataclass(frozen=True)
class Work:
    """The folder, and 10^9 operations of a decision: with the tower once, and hoisted too."""

    folder: Path
    split_gflop: float
    hoisted_gflop: float


def prepare(bundle: Bundle, folder: Path) -> Work:
    """Write network and graphs; raises `BundleError` if the bundle is not of QT-Opt's network."""
    network, cem = network_of(bundle), bundle.manifest.cem
    checkpoints.save(folder / CHECKPOINT, ACTION, network, network.settings.as_dict())
    folded = fold_batch_norm(network)
    scorer = ActionScorer(folded)
    export.write_graph(ACTION, CemModule(scorer, cem), folder / PLAIN)
    _write_halves(scorer, folded, cem.samples, folder)
    (folder / HOISTED).write_bytes(bundle.graph_bytes)
    hoisted = HoistedScorer(folded)
    return Work(folder, decision_gflop(scorer, cem), decision_gflop(hoisted, cem))


def render(model: Path, folder: Path, count: int) -> None:
    """Write frames by a process of its own, whose libraries print; raises `WorldError`."""
    command = [sys.executable, "-m", "rlcg_bench.render", str(folder), str(model), str(count)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
    )
    if done.returncode or not path(folder, count - 1).is_file():
        said = " ".join(done.stderr.split())[-300:]
        raise WorldError(f"rendering {count} frames ended with code {done.returncode}: {said}")


class _Tower(nn.Module):
    """Image to features."""

    def __init__(self, scorer: ActionScorer) -> None:
        super().__init__()
        self.scorer = scorer

    def forward(self, image: Tensor) -> Tensor:
        """Return the features (1, C, H, W)."""
        features, _ = self.scorer.encode(image, (image,))
        return features


class _Head(nn.Module):
    """Features, state and samples to logits."""

    def __init__(self, scorer: ActionScorer) -> None:
        super().__init__()
        self.scorer = scorer

    def forward(self, features: Tensor, state: Tensor, samples: Tensor) -> Tensor:
        """Return logits (N,)."""
        return self.scorer.logits((features, state), samples)


@torch.no_grad()
def _write_halves(scorer: ActionScorer, network: QtOptNetwork, samples: int, folder: Path) -> None:
    side = network.feature_side_px()
    image = torch.zeros(spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX, 3, dtype=torch.uint8)
    features = torch.zeros(1, network.settings.channels, side, side)
    state, drawn = torch.zeros(spec.STATE_DIM), torch.zeros(samples, len(ACTION.variables))
    _write(_Tower(scorer), {"image": image}, "features", folder / TOWER)
    inputs = {"features": features, "state": state, "samples": drawn}
    _write(_Head(scorer), inputs, "logits", folder / HEAD)


def _write(module: nn.Module, inputs: dict[str, Tensor], output: str, path: Path) -> None:
    with warnings.catch_warnings():
        # The same exporter as the bundle's, which is deprecated.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=[output],
            opset_version=export.OPSET,
            dynamo=False,
        )
