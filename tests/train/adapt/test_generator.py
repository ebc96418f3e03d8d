# SPDX-License-Identifier: Apache-2.0
"""The generator, a U-Net, and the discriminator: their sizes, and pictures of any size."""

import pytest
import torch

from rlcg_core.errors import ConfigError
from rlcg_train.adapt import unet
from rlcg_train.adapt.discriminator import Discriminator, DiscriminatorSettings
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.instance_norm import InstanceNorm
from rlcg_train.adapt.unet import UNet, UNetSettings

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
