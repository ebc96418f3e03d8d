# SPDX-License-Identifier: Apache-2.0
"""Policies of the table are bundles as any other: one graph, served unchanged."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_domains import NETWORK, PROJECTION, disc_mask, picture

from rlcg_core import bundle
from rlcg_core.manifest import Training
from rlcg_core.types import Observation, ToolPose
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.serving_options import ServingOptions
from rlcg_train.adapt.domain import DomainData
from rlcg_train.adapt.files import write_whole
from rlcg_train.adapt.policy import PolicyStage
from rlcg_train.adapt.policy_settings import PolicySettings
from rlcg_train.adapt.seen_through import POLICY
from rlcg_train.adapt.unet import UNet, UNetSettings, folded
from rlcg_train.export import ExportSettings, export
from rlcg_train.provenance import describe


@pytest.mark.parametrize("with_own", [False, True], ids=["plain", "generator inside"])
def test_a_policy_is_exported_and_served(
    domains: tuple[DomainData, DomainData], tmp_path: Path, with_own: bool
) -> None:
    torch.manual_seed(0)
    generator = folded(UNet(UNetSettings(59, 16, heads=(3, 5, 1))))
    network = replace(NETWORK, channels=6 if with_own else 3)
    settings = PolicySettings(4, 8, with_own=with_own, network=network)
    stage = PolicyStage(settings, domains[0], None, generator)
    stage.step(np.random.default_rng(0))
    path = tmp_path / POLICY
    write_whole(path, {**stage.finish()[POLICY], "epoch": 1, "seconds": 2.0})
    training = Training(commit="none", **describe(path))
    export(ExportSettings(path, tmp_path / "model", training, samples=8))
    served = OnnxPolicy(bundle.load(tmp_path / "model"), ServingOptions(plan="cpu-float32"))
    served.reset(1)
    disc = disc_mask(np.array([0.57, 0.0]))
    seen = Observation(
        image_hwc=picture("sim", disc, np.random.default_rng(0)),
        gripper_closed=False,
        height_above_tray_m=0.2,
        tool_pose=ToolPose(np.array([0.57, 0.0, 0.2]), 0.0),
        projection_base_to_px=PROJECTION,
        stamp_s=0.0,
    )
    decision = served.decide(seen)
    assert decision.network_ran
    assert 0.0 <= decision.q_value <= 1.0
