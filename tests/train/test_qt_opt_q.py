# SPDX-License-Identifier: Apache-2.0
"""Both Q-functions of QT-Opt: what they see, what feeds them, where they compute."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from toy_grasps import PROJECTION, SIDE, TINY_PAPER, small_network, toy_episode

from rlcg_core.cell import ROBOT1
from rlcg_train import export
from rlcg_train.cem_module import CemModule
from rlcg_train.network import sample_patches
from rlcg_train.profiles import STEP
from rlcg_train.qt_opt.choice import TARGET_HIGH, TARGET_LOW
from rlcg_train.qt_opt.labels import state_values
from rlcg_train.qt_opt.paper_q import PaperQ
from rlcg_train.qt_opt.patch_q import PatchQSettings
from rlcg_train.qt_opt.patches import cut
from rlcg_train.qt_opt.q_function import QFunction, Scene
from rlcg_train.qt_opt.search import SearchSettings
from rlcg_train.qt_opt.whole_action_scorer import WholeActionScorer
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


@pytest.mark.parametrize("network", [small_network(), PaperQ(TINY_PAPER)])
@torch.no_grad()
def test_scores_do_not_depend_on_what_they_are_scored_with(network: QFunction) -> None:
    network.eval()
    pictures, steps, _ = toy_episode(2)
    side = network.side_px
    bytes_ = torch.zeros(len(steps), side, side, 3, dtype=torch.uint8)
    bytes_[:, :SIDE, :SIDE] = torch.from_numpy(pictures)
    projection = torch.tensor(ROBOT1.camera.projection_base_to_px()).float()
    scene = Scene(
        network.prepare(bytes_),
        torch.tensor(steps["tool"]),
        torch.tensor(steps["state"]),
        projection,
    )
    count = 64
    target = torch.tensor(steps["target"])[:, None] + 0.02 * torch.randn(len(steps), count, 4)
    command = torch.randint(0, 4, (len(steps), count))
    together = network.logits(scene, network.encode(scene), target, command)
    for frame in (0, len(steps) - 1):
        alone = Scene(*[value[frame : frame + 1] for value in scene[:3]], projection)
        one = network.logits(
            alone,
            network.encode(alone),
            target[frame, 5][None, None],
            command[frame, 5][None, None],
        )
        assert float(one) == pytest.approx(float(together[frame, 5]), abs=1e-4)


def test_a_frame_passes_the_tower_once_in_a_whole_search() -> None:
    module = CemModule(WholeActionScorer(PaperQ(TINY_PAPER)), STEP.cem(16, 3)).eval()
    calls = []
    module.scorer.network.network.tower.register_forward_hook(lambda *_: calls.append(1))
    inputs = export.example(STEP, module, 0)
    with torch.no_grad():
        module(*export.tensors(inputs))
    assert len(calls) == 1


def test_patches_are_those_of_the_grasp_success_predictor() -> None:
    """The tower at the target may begin with its weights: it must see the same."""
    settings = PatchQSettings()
    patch = settings.patch(settings.target_planes_m)
    generator = torch.Generator().manual_seed(3)
    picture = 2 * torch.rand(2, 3, patch.picture_px, patch.picture_px, generator=generator) - 1
    low, high = torch.tensor(TARGET_LOW).float(), torch.tensor(TARGET_HIGH).float()
    pose = low + (high - low) * torch.rand(2, 5, 4, generator=generator)
    projection = torch.tensor(ROBOT1.camera.projection_base_to_px()).float()
    scene = Scene(picture, torch.zeros(2, 4), torch.zeros(2, 2), projection)
    heights = torch.tensor(settings.target_planes_m).expand(2, 5, 2)
    found = cut(scene, patch, pose, heights).reshape(2, 5, -1)
    for frame in range(2):
        goal = pose[frame][:, [0, 1, 3]]
        expected = sample_patches(patch, picture[frame : frame + 1], goal, projection)
        torch.testing.assert_close(found[frame], expected.reshape(5, -1), atol=2e-3, rtol=0)


@pytest.mark.parametrize("kind", ["small", "paper"])
def test_learning_computes_where_the_network_lies(kind: str) -> None:
    """A tensor that is made on the processor meets one of the meta device with an error."""
    q: QFunction = small_network() if kind == "small" else PaperQ(TINY_PAPER)
    q.to("meta").train()
    q.autocast = nullcontext  # type: ignore[method-assign,assignment]  # it knows no such device
    side, here = q.side_px, torch.device("meta")
    picture = q.prepare(torch.zeros(3, side, side, 3, dtype=torch.uint8, device=here))
    tool, state = torch.zeros(3, 4, device=here), torch.zeros(3, 2, device=here)
    scene = Scene(picture, tool, state, torch.zeros(3, 4, device=here))
    command = torch.zeros(3, dtype=torch.long, device=here)
    assert q.varied_logits(scene, torch.zeros(3, 4, device=here), command).device == here
    q.eval()
    search, generator = SearchSettings(8, 2, 2), torch.Generator()
    value = state_values(q, q, scene, search, generator, torch.zeros(3, 1, 4, device=here))
    assert (value.shape, value.device) == ((3,), here)
