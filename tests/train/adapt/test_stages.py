# SPDX-License-Identifier: Apache-2.0
"""GraspGAN and RCAN learn what they should; moved objects are noticed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_domains import NETWORK, Domains, write_sim

from rlcg_core.errors import DataError
from rlcg_sim.looks.stage import Part
from rlcg_train.adapt import domain_files
from rlcg_train.adapt.agreement import agreement
from rlcg_train.adapt.finder import FinderStage
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.goal_task import GoalTask
from rlcg_train.adapt.grasp_gan import GraspGanStage
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.ranges import to_signed
from rlcg_train.adapt.rcan import RcanStage
from rlcg_train.adapt.unet import UNet, UNetSettings

SMALL = GanSettings(59, 16, 16, scales=2, batch=2, learning_rate=1e-3)


def grasp_gan(domains: Domains, labelled: bool = True) -> GraspGanStage:
    torch.manual_seed(2)
    sim, real = (GoalHalves(data) for data in domains)
    return GraspGanStage(SMALL, sim, real, GoalTask(NETWORK), labelled)


@pytest.mark.parametrize(
    ("loss", "moved"),
    [
        ("generator", {"G"}),
        ("pairwise", {"G"}),
        ("mask", {"G"}),
        ("features", {"G"}),
        ("task", {"G", "C"}),
        ("real_task", {"C"}),
        ("discriminator", {"D_Y"}),
    ],
)
def test_graspgans_losses_move_their_networks(domains: Domains, loss: str, moved: set[str]) -> None:
    stage = grasp_gan(domains)
    stage.routes = tuple(route for route in stage.routes if route.loss == loss)
    before = {n: [p.clone() for p in m.parameters()] for n, m in stage.networks.items()}
    stage.step(np.random.default_rng(0))
    found = {
        name
        for name, network in stage.networks.items()
        if any(
            not torch.equal(a, b) for a, b in zip(before[name], network.parameters(), strict=True)
        )
    }
    assert found == moved


def test_unlabelled_real_grasps_do_not_reach_graspgans_task(domains: Domains) -> None:
    assert "real_task" not in grasp_gan(domains, labelled=False).step(np.random.default_rng(0))


def test_graspgan_without_masks_says_how_to_get_them(domains: Domains) -> None:
    with pytest.raises(DataError, match="rlcg-train pairs"):
        GraspGanStage(SMALL, *(GoalHalves(d) for d in reversed(domains)), GoalTask(NETWORK), False)


def test_rcan_learns_mask_depth_and_picture_from_pairs(tmp_path: Path) -> None:
    write_sim(tmp_path, 24, look="real")
    data = domain_files.load([tmp_path], 59)
    torch.manual_seed(0)
    stage = RcanStage(SMALL, GoalHalves(data))
    rng = np.random.default_rng(0)
    first = stage.step(rng)
    for _ in range(25):
        last = stage.step(rng)
    assert set(last) == {"generator", "discriminator", "picture", "mask", "depth"}
    assert last["mask"] < first["mask"]
    assert last["depth"] < first["depth"]
    assert data.truth is not None
    seen, index = to_signed(data.pictures[:4]), torch.arange(4)
    with stage.resting(), torch.no_grad():
        depth = stage.G.all_heads(seen)[2][:, 0]
        expected = float(((depth - data.truth.depth_m[:4]) ** 2).mean())
        assert float(stage.losses(seen, index)["depth"]) == pytest.approx(expected)


def test_pairs_show_one_state_pixel_by_pixel(tmp_path: Path) -> None:
    write_sim(tmp_path, 6, look="real")
    data = domain_files.load([tmp_path], 118)
    assert data.truth is not None
    objects = data.truth.mask == Part.OBJECT
    for picture, bright in ((data.pictures, False), (data.truth.canonical, True)):
        grey = picture.float().mean(dim=1)
        inside, outside = grey[objects].mean(), grey[~objects].mean()
        assert (inside > outside + 50) == bright
        assert abs(float(inside - outside)) > 50
    assert torch.equal(data.truth.depth_m < 0.95, objects)
    seen = data.truth.canonical.float().mean(dim=1) > 140
    assert float((seen & objects).sum() / (seen | objects).sum()) > 0.93


def test_the_finder_learns_to_find_objects_and_judges_by_it(domains: Domains) -> None:
    sim = domains[0]
    stage = FinderStage(replace(SMALL, batch=8, learning_rate=1e-2), (GoalHalves(sim),))
    untouched = UNet(stage.G.settings)
    before = agreement(untouched, stage.means["G"], sim)["objects"].in_x
    for step in range(200):
        stage.step(np.random.default_rng(step))
    after = agreement(untouched, stage.means["G"], sim)["objects"]
    assert before < 0.3
    assert after.in_x > 0.6
    assert after.in_made == pytest.approx(after.in_x, abs=0.05)


def test_agreement_falls_when_a_generator_moves_things(domains: Domains) -> None:
    sim = domains[0]

    class Finder(UNet):
        """Finds bright discs without having learned it."""

        def all_heads(self, picture: torch.Tensor) -> tuple[torch.Tensor, ...]:
            bright = picture.mean(dim=1, keepdim=True)
            logits = torch.full((len(picture), 5, *picture.shape[-2:]), -9.0)
            logits[:, int(Part.OBJECT)] = bright[:, 0]
            logits[:, int(Part.TRAY)] = 0.0
            return picture, logits

    class Moves(UNet):
        shift = 0

        def forward(self, picture: torch.Tensor) -> torch.Tensor:
            return picture.roll(self.shift, dims=3)

    finder, moves = Finder(UNetSettings(59, 16)), Moves(UNetSettings(59, 16))
    kept = agreement(moves, finder, sim)["objects"]
    assert kept.in_made == kept.in_x > 0.7
    moves.shift = 6
    assert agreement(moves, finder, sim)["objects"].in_made < 0.3


def test_agreement_asks_for_frames_that_were_held_out(domains: Domains) -> None:
    bare = replace(domains[0], held_out=np.empty(0, np.int64))
    network = UNet(UNetSettings(59, 16))
    with pytest.raises(DataError, match="no held-out frames, expected at least 1"):
        agreement(network, network, bare)
