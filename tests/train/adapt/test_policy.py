# SPDX-License-Identifier: Apache-2.0
"""The final phase: a new Q behind a frozen generator, and how real grasps weigh."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from toy_domains import NETWORK, PROJECTION, Domains, disc_mask, picture

from rlcg_core.errors import ConfigError, DataError
from rlcg_train import checkpoints
from rlcg_train.adapt.domain_norm import Domain, DomainNorm
from rlcg_train.adapt.files import write_whole
from rlcg_train.adapt.frozen import adapted, weights_hash
from rlcg_train.adapt.policy import PolicyStage
from rlcg_train.adapt.policy_settings import Mixing, PolicySettings, real_weight
from rlcg_train.adapt.ranges import to_signed
from rlcg_train.adapt.run import AdaptRun, RunSettings
from rlcg_train.adapt.seen_through import ACTOR, POLICY, SeenThrough
from rlcg_train.adapt.unet import UNet, UNetSettings, folded
from rlcg_train.exact_form import scorer_of
from rlcg_train.preprocess import picture as camera_picture

SETTINGS = PolicySettings(steps=4, batch=8, network=NETWORK)


def generator(seed: int = 0) -> UNet:
    torch.manual_seed(seed)
    made = folded(UNet(UNetSettings(59, 16)))
    made.requires_grad_(False)
    return made


@pytest.mark.parametrize(
    ("episodes", "weight"),
    [(500, 0.1), (10_000, 0.1), (10_001, 1.0), (79_999, 1.0), (80_000, 2.0), (580_000, 2.0)],
)
def test_the_weight_of_real_grasps_follows_the_paper(episodes: int, weight: float) -> None:
    assert real_weight(episodes) == weight


def test_the_weight_scales_the_real_half_alone(domains: Domains) -> None:
    def loss(weight: float) -> float:
        stage = PolicyStage(replace(SETTINGS, real_weight=weight), *domains)
        torch.manual_seed(0)
        return stage.step(np.random.default_rng(0))["rl"]

    none, one, two = loss(0.0), loss(1.0), loss(2.0)
    assert none > 0.0
    assert two - one == pytest.approx(one - none, rel=1e-4)
    assert one > none


def test_real_grasps_alone_are_not_weighed_down(domains: Domains) -> None:
    def loss(weight: float) -> float:
        stage = PolicyStage(replace(SETTINGS, real_weight=weight), None, domains[1])
        torch.manual_seed(0)
        return stage.step(np.random.default_rng(0))["rl"]

    assert loss(0.1) == pytest.approx(loss(1.0))


def test_the_generator_stays_byte_identical_and_q_begins_anew(
    domains: Domains, tmp_path: Path
) -> None:
    frozen = generator()
    before = weights_hash(frozen)
    stage = PolicyStage(SETTINGS, *domains, frozen)
    again = PolicyStage(SETTINGS, *domains, generator(5))
    pairs = zip(stage.Q.parameters(), again.Q.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs), "the start depends on the seed alone"
    AdaptRun(RunSettings(tmp_path, {}, 4), stage).go()
    assert weights_hash(frozen) == before
    assert "G" not in stage.networks


def test_a_generator_that_was_moved_is_found_out(domains: Domains) -> None:
    frozen = generator()
    stage = PolicyStage(SETTINGS, *domains, frozen)
    with torch.no_grad():
        next(iter(frozen.parameters())).add_(1.0)
    with pytest.raises(DataError, match="has changed"):
        stage.finish()


def test_simulated_pictures_pass_through_the_generator_and_real_ones_do_not(
    domains: Domains,
) -> None:
    sim, real = domains
    frozen = generator()
    stage = PolicyStage(SETTINGS, sim, real, frozen)
    seen = stage._halves[Domain.SIM][0].data.pictures
    assert torch.equal(seen, adapted(sim, frozen).pictures)
    assert not torch.equal(seen, sim.pictures)
    assert torch.equal(stage._halves[Domain.REAL][0].data.pictures, real.pictures)


def written(stage: PolicyStage, folder: Path) -> dict[str, Any]:
    found = {}
    for name, state in stage.finish().items():
        write_whole(folder / name, {**state, "epoch": 1, "seconds": 0.0})
        found[name] = checkpoints.load(folder / name)[1]
    return found


def camera() -> torch.Tensor:
    disc = disc_mask(np.array([0.57, 0.0]))
    return torch.from_numpy(picture("sim", disc, np.random.default_rng(0)))


def encoded(network: torch.nn.Module) -> torch.Tensor:
    """Return the picture that patches are cut from when the network serves."""
    scorer = scorer_of(network)
    tool = torch.tensor([0.57, 0.0, 0.2, 0.0])
    with torch.no_grad():
        return scorer.encode(camera(), (tool, torch.tensor(PROJECTION).float()))[0]


def test_actors_see_simulation_through_the_generator_and_the_robot_does_not(
    domains: Domains, tmp_path: Path
) -> None:
    frozen = generator()
    found = written(PolicyStage(SETTINGS, *domains, frozen), tmp_path)
    plain = camera_picture(camera(), 59)
    assert torch.allclose(encoded(found[ACTOR]), frozen(plain), atol=1e-4)
    assert torch.equal(encoded(found[POLICY]), plain)
    assert not isinstance(found[POLICY], SeenThrough)


def test_rcans_policy_serves_the_generator_and_sees_both_pictures(
    domains: Domains, tmp_path: Path
) -> None:
    frozen = generator()
    six = replace(SETTINGS, with_own=True, network=replace(NETWORK, channels=6))
    found = written(PolicyStage(six, domains[0], None, frozen), tmp_path)
    plain = camera_picture(camera(), 59)
    both = torch.cat([frozen(plain), plain], dim=1)
    assert torch.allclose(encoded(found[POLICY]), both, atol=1e-4)
    scorer = scorer_of(found[POLICY])
    tool = torch.tensor([0.57, 0.0, 0.2, 0.0])
    code = scorer.encode(camera(), (tool, torch.tensor(PROJECTION).float()))
    assert scorer.logits(code, torch.tensor([[0.57, 0.0, 0.1]] * 5)).shape == (5,)


def test_a_policy_without_a_generator_leaves_no_actor(domains: Domains, tmp_path: Path) -> None:
    assert set(written(PolicyStage(SETTINGS, domains[0], None), tmp_path)) == {POLICY}


def test_with_split_norms_the_robot_gets_the_real_statistics(
    domains: Domains, tmp_path: Path
) -> None:
    stage = PolicyStage(replace(SETTINGS, mixing=Mixing.SPLIT), *domains, generator())
    for step in range(4):
        stage.step(np.random.default_rng(step))
    norm = next(m for m in stage.Q.modules() if isinstance(m, DomainNorm))
    found = written(stage, tmp_path)
    means = {name: network.features[1].running_mean for name, network in found.items()}
    assert torch.equal(means[POLICY], norm.statistics[Domain.REAL].running_mean)
    assert torch.equal(means[ACTOR], norm.statistics[Domain.SIM].running_mean)
    assert not torch.allclose(means[POLICY], means[ACTOR], atol=1e-3)


@pytest.mark.parametrize(("mixing", "passes"), [(Mixing.SHARED, 1), (Mixing.SPLIT, 2)])
def test_one_batch_norm_sees_both_domains_at_once(
    domains: Domains, mixing: Mixing, passes: int
) -> None:
    stage = PolicyStage(replace(SETTINGS, mixing=mixing), *domains)
    sizes: list[int] = []
    stage.Q.network.features.register_forward_hook(lambda m, i, o: sizes.append(len(o)))
    stage.step(np.random.default_rng(0))
    assert len(sizes) == passes
    assert sum(sizes) == SETTINGS.batch


def test_adversarial_mixing_trains_a_classifier_of_domains(domains: Domains) -> None:
    stage = PolicyStage(replace(SETTINGS, mixing=Mixing.ADVERSARIAL), *domains)
    # The head of Q hears of outcomes alone, the classifier of domains alone.
    parts = {"rl": stage.Q.network.head, "domain": stage.networks["domain"]}
    for loss, part in parts.items():
        with torch.no_grad():
            before = [p.clone() for p in part.parameters()]
        assert loss in stage.step(np.random.default_rng(0))
        pairs = zip(before, part.parameters(), strict=True)
        assert any(not torch.allclose(a, b, rtol=1e-3, atol=1e-6) for a, b in pairs)


def test_a_toy_policy_learns_where_the_disc_is(domains: Domains, tmp_path: Path) -> None:
    settings = replace(SETTINGS, steps=80, batch=48, learning_rate=1e-2)
    stage = PolicyStage(settings, domains[0], None)
    AdaptRun(RunSettings(tmp_path, {}, 80, note_every=80), stage).go()
    half = stage._halves[Domain.SIM][0]
    index = torch.from_numpy(half.data.train)
    seen, rows = half.data.pick(index)
    with stage.resting(), torch.no_grad():
        right = (stage.Q.logits(seen, rows) > 0).float() == rows.success
    assert float(right.float().mean()) > 0.85


def test_policies_that_cannot_be_trained_say_why(domains: Domains) -> None:
    with pytest.raises(ConfigError, match="give some"):
        PolicyStage(SETTINGS, None, None)
    with pytest.raises(ConfigError, match="both domains"):
        PolicyStage(replace(SETTINGS, mixing=Mixing.SPLIT), domains[0], None)
    other = replace(SETTINGS, network=replace(NETWORK, picture_px=118))
    with pytest.raises(DataError, match="load them at that side"):
        PolicyStage(other, domains[0], None)


def test_adapted_pictures_are_what_the_generator_makes(domains: Domains) -> None:
    frozen = generator()
    made = adapted(domains[0], frozen, with_own=True)
    expected = frozen(to_signed(domains[0].pictures[:2]))
    assert made.pictures.shape[1] == 6
    assert torch.allclose(to_signed(made.pictures[:2, :3]), expected, atol=0.01)
    assert torch.equal(made.pictures[:, 3:], domains[0].pictures)
