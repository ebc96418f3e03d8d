# SPDX-License-Identifier: Apache-2.0
"""What the sim-to-real methods share: ranges, colours, norms, forgetting of domains, ranking."""

import pytest
import torch
from torch import nn

from rlcg_train.adapt import grid, photometric, ranges
from rlcg_train.adapt.domain_norm import Domain, for_domain, seeing, split
from rlcg_train.adapt.reversal import DomainClassifier, reverse_gradient, strength_at
from rlcg_train.fit import auc
from rlcg_train.network import NetworkSettings, tower


def test_ranges_round_trip_and_clip() -> None:
    pixels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(ranges.to_bytes(ranges.to_signed(pixels)), pixels)
    assert ranges.to_signed(pixels).min() == -1
    assert ranges.to_signed(pixels).max() == 1
    assert torch.allclose(ranges.from_unit(ranges.to_unit(torch.tensor([0.3]))), torch.tensor(0.3))
    assert ranges.to_bytes(torch.tensor([-3.0, 3.0])).tolist() == [0, 255]


def test_gradients_come_back_negated_through_the_reversal() -> None:
    features = torch.ones(4, requires_grad=True)
    (reverse_gradient(features, 0.5) * torch.arange(4.0)).sum().backward()
    assert features.grad is not None
    assert features.grad.tolist() == [0, -0.5, -1.0, -1.5]
    assert strength_at(0.0) == 0.0
    assert strength_at(1.0) > 0.999


def test_the_classifier_learns_domains_while_features_forget_them() -> None:
    torch.manual_seed(0)
    classifier = DomainClassifier(2)
    sim = torch.zeros(8, 2, requires_grad=True)
    real = torch.ones(8, 2, requires_grad=True)
    optimizer = torch.optim.Adam(classifier.parameters(), 0.02)
    for _ in range(40):
        optimizer.zero_grad()
        loss = classifier.loss(sim, real, 1.0)
        loss.backward()
        optimizer.step()
    assert loss < 0.1
    sim.grad = None
    classifier.loss(sim, real, 1.0).backward()
    assert sim.grad is not None
    moved = sim - 5.0 * sim.grad / sim.grad.norm()
    assert classifier.loss(moved, real, 1.0) > classifier.loss(sim, real, 1.0)


def small_tower() -> nn.Sequential:
    torch.manual_seed(1)
    return tower(NetworkSettings(widths=(4, 4, 4)))


def test_each_domain_has_statistics_of_its_own_and_weights_in_common() -> None:
    shared, apart = small_tower(), split(small_tower())
    sim, real = torch.randn(16, 6, 24, 32), 3 + 2 * torch.randn(16, 6, 24, 32)
    for _ in range(30):
        shared(sim), shared(real)
        with seeing(apart, Domain.SIM):
            apart(sim)
        with seeing(apart, Domain.REAL):
            apart(real)
    shared.eval(), apart.eval()
    with seeing(apart, Domain.REAL):
        on_real = apart(real)
    with seeing(apart, Domain.SIM):
        wrong = apart(real)
    assert not torch.allclose(on_real, wrong, atol=0.1)
    assert not torch.allclose(on_real, shared(real), atol=0.1)
    robot = for_domain(apart, Domain.REAL).eval()
    assert torch.allclose(robot(real), on_real, atol=1e-5)
    assert {type(m) for m in robot.modules()} == {type(m) for m in shared.modules()}
    assert set(robot.state_dict()) == set(shared.state_dict())


def test_colours_change_within_range_and_alike_in_a_batch() -> None:
    torch.manual_seed(3)
    grey = torch.zeros(2, 3, 8, 8)
    change = photometric.draw_change(photometric.PhotometricSettings(noise=0.0))
    changed = change(grey)
    assert torch.equal(changed[0], changed[1])
    strongest = photometric.Change(0.125, 1.5, 0.0, 1.5, 0.03)
    assert strongest(torch.full((1, 3, 8, 8), 0.95)).abs().max() <= 1.0
    assert photometric.Change(0.0, 1.0, 0.0, 1.0, 0.0)(grey + 0.3) == pytest.approx(grey + 0.3)


def test_patches_of_one_picture_change_alike_and_not_all_pictures_do() -> None:
    torch.manual_seed(0)
    patches = torch.rand(16, 1, 3, 5, 5).repeat(1, 2, 1, 1, 1).reshape(16, 6, 5, 5) - 0.5
    without_noise = photometric.PhotometricSettings(noise=0.0)
    changed = photometric.changed_patches(patches, without_noise)
    assert changed.shape == patches.shape
    assert float(changed.abs().max()) <= 1.0
    torch.testing.assert_close(changed[:, :3], changed[:, 3:])
    shifts = (changed - patches).mean(dim=(1, 2, 3))
    assert len({round(float(shift), 4) for shift in shifts}) >= photometric.DRAWS


def test_a_uniform_q_ranks_at_one_half_whatever_the_order() -> None:
    truth = torch.tensor([1.0, 0, 1, 0, 0])
    assert auc(torch.zeros(5), truth) == 0.5
    assert auc(torch.tensor([2.0, 1, 2, 1, 1]), truth) == 1.0
    assert auc(torch.tensor([1.0, 1, 2, 0, 0]), truth) == pytest.approx(5.5 / 6)


def test_a_grid_has_as_many_rows_as_its_shortest_column() -> None:
    made = grid.draw({"x": torch.zeros(4, 3, 20, 20), "y": torch.ones(3, 3, 20, 20)})
    assert made.shape == (grid.CAPTION_PX + 3 * 20, 2 * 20 + grid.GAP_PX, 3)
    assert made[-1, -1].tolist() == [255, 255, 255]
    assert made[-1, 0].tolist() == [128, 128, 128]


def test_a_full_turn_of_hue_leads_back_and_keeps_grey_grey() -> None:
    picture = torch.rand(1, 3, 4, 4) * 0.5
    turned = photometric.Change(0.0, 1.0, 1.0, 1.0, 0.0)(picture)
    assert torch.allclose(turned, picture, atol=1e-5)
    grey = torch.full((1, 3, 4, 4), 0.2)
    assert torch.allclose(photometric.Change(0.0, 1.0, 0.2, 1.0, 0.0)(grey), grey, atol=1e-5)
