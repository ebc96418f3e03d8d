# SPDX-License-Identifier: Apache-2.0
"""The library of the sim-to-real methods: networks, losses, norms, ranges."""

import pytest
import torch
from torch import nn

from rlcg_core.errors import ConfigError
from rlcg_train.adapt import grid, losses, photometric, ranges, unet
from rlcg_train.adapt.discriminator import Discriminator, DiscriminatorSettings
from rlcg_train.adapt.domain_norm import Domain, for_domain, seeing, split
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.instance_norm import InstanceNorm
from rlcg_train.adapt.losses import Adversarial
from rlcg_train.adapt.reversal import DomainClassifier, reverse_gradient, strength_at
from rlcg_train.adapt.unet import UNet, UNetSettings
from rlcg_train.fit import auc
from rlcg_train.network import NetworkSettings, tower

SMALL = 16


def test_the_generator_has_the_size_of_its_table() -> None:
    network = UNet(UNetSettings())
    norms = sum(p.numel() for n, p in network.named_parameters() if ".norm." in n)
    assert sum(p.numel() for p in network.parameters()) - norms == 12_580_035


def test_the_discriminator_has_the_size_of_its_figure() -> None:
    network = Discriminator(DiscriminatorSettings())
    norms = [m for m in network.modules() if isinstance(m, InstanceNorm)]
    in_norms = sum(p.numel() for m in norms for p in m.parameters())
    assert sum(p.numel() for p in network.parameters()) - in_norms == 1_711_169


def test_the_discriminator_judges_patches_at_three_scales() -> None:
    maps = Discriminator(DiscriminatorSettings(divisor=SMALL))(torch.zeros(1, 3, 472, 472))
    assert [tuple(m.shape[-2:]) for m in maps] == [(30, 30), (15, 15), (8, 8)]


@pytest.mark.parametrize("side", [16, 33, 59, 101, 118, 236, 472])
def test_pictures_of_any_size_come_back_at_their_size(side: int) -> None:
    network = UNet(UNetSettings(side, divisor=SMALL))
    assert network(torch.zeros(1, 3, side, side)).shape == (1, 3, side, side)


def test_a_new_generator_hands_its_picture_on() -> None:
    torch.manual_seed(0)
    network, picture = UNet(UNetSettings(59, divisor=SMALL)), 2 * torch.rand(2, 3, 59, 59) - 1
    made = network(picture)
    assert torch.allclose(made, unet.SQUEEZE * picture, atol=1e-5)
    # Yet it can be moved: the gradient does not vanish in a saturated last layer.
    made.mean().backward()
    last = network.heads[0].weight.grad
    assert last is not None
    assert float(last.abs().min()) > 0.0


def test_a_generator_that_does_not_hand_on_begins_as_grey() -> None:
    network = UNet(UNetSettings(59, divisor=SMALL, hands_on=False))
    assert torch.equal(network(torch.rand(1, 3, 59, 59)), torch.zeros(1, 3, 59, 59))


def test_a_picture_beyond_its_range_is_taken_as_the_nearest_within() -> None:
    network = UNet(UNetSettings(59, divisor=SMALL))
    made = network(torch.full((1, 3, 59, 59), 1.2))
    assert torch.allclose(made, torch.full_like(made, unet.SQUEEZE), atol=1e-5)


def test_exactly_two_maps_lose_a_row_and_a_column_at_472(monkeypatch: pytest.MonkeyPatch) -> None:
    cropped: list[int] = []
    fitted = unet.fitted

    def counted(doubled: torch.Tensor, side_px: int) -> torch.Tensor:
        if doubled.shape[-1] != side_px:
            cropped.append(side_px)
        return fitted(doubled, side_px)

    monkeypatch.setattr(unet, "fitted", counted)
    UNet(UNetSettings(472, divisor=SMALL))(torch.zeros(1, 3, 472, 472))
    assert cropped == [15, 59]
    assert unet.down_steps(472) == 6


@pytest.mark.parametrize("side", range(16, 473, 19))
def test_the_way_down_ends_before_instance_norm_sees_single_values(side: int) -> None:
    bottom = side
    for _ in range(unet.down_steps(side)):
        bottom = (bottom + 1) // 2
    assert bottom >= unet.BOTTOM_PX


def test_first_row_and_column_are_dropped_and_not_the_last() -> None:
    doubled = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert unet.fitted(doubled, 3)[0, 0].tolist() == [[5, 6, 7], [9, 10, 11], [13, 14, 15]]


def test_a_generator_for_another_size_says_so() -> None:
    network = UNet(UNetSettings(59, divisor=SMALL))
    with pytest.raises(ConfigError, match="made for 59 px"):
        network(torch.zeros(1, 3, 118, 118))


def test_a_scale_too_coarse_to_judge_is_refused() -> None:
    with pytest.raises(ConfigError, match="take fewer scales"):
        GanSettings(side_px=59, scales=3)
    GanSettings(side_px=59, scales=2)


def test_folded_spectral_norm_makes_the_same_pictures() -> None:
    torch.manual_seed(0)
    network, picture = UNet(UNetSettings(33, divisor=SMALL)), torch.rand(2, 3, 33, 33)
    network(picture)
    before = network.eval()(picture)
    made = unet.folded(network)
    assert torch.allclose(made(picture), before, atol=1e-5)
    assert not any("parametrizations" in name for name, _ in made.named_parameters())


def test_ranges_round_trip_and_clip() -> None:
    pixels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(ranges.to_bytes(ranges.to_signed(pixels)), pixels)
    assert ranges.to_signed(pixels).min() == -1
    assert ranges.to_signed(pixels).max() == 1
    assert torch.allclose(ranges.from_unit(ranges.to_unit(torch.tensor([0.3]))), torch.tensor(0.3))
    assert ranges.to_bytes(torch.tensor([-3.0, 3.0])).tolist() == [0, 255]


def logits_of(probability: float) -> list[torch.Tensor]:
    return [torch.logit(torch.full((1, 1, 2, 2), probability))]


@pytest.mark.parametrize("kind", list(Adversarial))
def test_real_is_one_made_is_zero_and_the_generator_wants_one(kind: Adversarial) -> None:
    good = losses.discriminator_loss(logits_of(0.99), logits_of(0.01), kind)
    bad = losses.discriminator_loss(logits_of(0.01), logits_of(0.99), kind)
    assert good < 0.05 < bad
    fooled = losses.generator_loss(logits_of(0.99), kind)
    assert fooled < 0.05 < losses.generator_loss(logits_of(0.01), kind)


def test_least_squares_and_log_loss_have_their_values() -> None:
    half = logits_of(0.5)
    assert losses.generator_loss(half, Adversarial.LEAST_SQUARES) == pytest.approx(0.25)
    assert losses.generator_loss(half, Adversarial.LOG) == pytest.approx(0.6931, abs=1e-4)


def test_the_pairwise_loss_does_not_see_a_shift_of_brightness() -> None:
    picture = torch.rand(3, 3, 8, 8)
    assert losses.pairwise_loss(picture + 0.3, picture) == pytest.approx(0.0, abs=1e-6)
    other = torch.rand(3, 3, 8, 8)
    d = (other - picture).flatten(1)
    expected = (2 * ((d**2).mean(1) - d.mean(1) ** 2)).mean()
    assert losses.pairwise_loss(other, picture) == pytest.approx(float(expected))


def test_the_scene_loss_has_three_terms_for_a_triple() -> None:
    values = [torch.tensor([0.1]), torch.tensor([0.4]), torch.tensor([0.8])]
    assert losses.scene_loss(values) == pytest.approx(0.3**2 + 0.7**2 + 0.4**2)


@pytest.mark.parametrize("loss", [losses.mask_loss, losses.mask_squares])
def test_a_right_mask_costs_nothing_and_a_wrong_one_does(loss: object) -> None:
    assert callable(loss)
    mask = torch.tensor([[[0, 1], [4, 2]]])
    right = 50 * nn.functional.one_hot(mask, 5).permute(0, 3, 1, 2).float()
    assert loss(right, mask) < 1e-4 < 0.1 < loss(right.flip(2), mask)


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
