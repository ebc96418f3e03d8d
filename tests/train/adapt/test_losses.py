# SPDX-License-Identifier: Apache-2.0
"""The losses of the sim-to-real methods have their values, and their signs."""

import numpy as np
import pytest
import torch
from torch import nn

from rlcg_train.adapt import losses, smooth
from rlcg_train.adapt.losses import Adversarial
from rlcg_train.device import PLAIN


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


def test_smoothness_is_half_the_squared_slope_and_tells_a_discriminator_how_to_lessen_it() -> None:
    steepness = torch.tensor(2.0, requires_grad=True)

    def judge(picture: torch.Tensor) -> list[torch.Tensor]:
        return [steepness * picture.mean(dim=1, keepdim=True)]

    # Each of 3 x 16 values moves the sum of 16 logits, over the root of 16, by steepness / 12.
    found = smooth.smoothness(judge, torch.rand(5, 3, 4, 4))
    assert float(found.detach()) == pytest.approx(0.5 * 48 * (2.0 / 12) ** 2)
    found.backward()
    assert steepness.grad is not None
    assert float(steepness.grad) == pytest.approx(48 * 2.0 / 12**2)


def test_smoothness_is_asked_for_in_an_eighth_of_the_steps_with_eight_times_the_weight() -> None:
    def judge(picture: torch.Tensor) -> list[torch.Tensor]:
        return [2.0 * picture.mean(dim=1, keepdim=True)]

    picture, rng = torch.rand(2, 3, 4, 4), np.random.default_rng(0)
    plain = float(smooth.smoothness(judge, picture))
    found = [float(smooth.smooth_loss({judge: picture}, rng, PLAIN)["smooth"]) for _ in range(800)]
    assert set(np.round(found, 5)) == {0.0, round(8 * plain, 5)}
    assert np.mean(found) == pytest.approx(plain, rel=0.2)
