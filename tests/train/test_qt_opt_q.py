# SPDX-License-Identifier: Apache-2.0
"""Both Q-functions of QT-Opt: what they see, what feeds them, where they compute."""

import numpy as np
import pytest
import torch
from toy_grasps import PROJECTION, small_network, toy_episode

from rlcg_train.qt_opt.paper_q import PaperQ
from rlcg_train.qt_opt.q_function import Scene
from rlcg_train.qt_opt_network import QtOptSettings


@pytest.mark.parametrize("kind", ["small", "paper"])
def test_every_layer_feeds_the_next(kind: str) -> None:
    torch.manual_seed(0)
    settings = QtOptSettings(scale_px=236, channels=8, context=16, dense=16, late_convolutions=1)
    network = small_network() if kind == "small" else PaperQ(settings)
    pictures, steps, _ = toy_episode(3)
    scene = Scene(
        network.prepare(torch.from_numpy(pictures)),
        torch.tensor(steps["tool"]),
        torch.tensor(steps["state"]),
        torch.tensor(PROJECTION).float(),
    )
    command = torch.tensor(steps["command"].astype(np.int64))
    network.varied_logits(scene, torch.tensor(steps["target"]), command).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().max()) > 0.0, name
