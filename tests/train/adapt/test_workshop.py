# SPDX-License-Identifier: Apache-2.0
"""The workshop trains rows out of folders, in order, once each."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rlcg_core.errors import DataError
from rlcg_train import checkpoints
from rlcg_train.adapt.files import load_generator
from rlcg_train.adapt.frozen import weights_hash
from rlcg_train.adapt.generator_plans import plan
from rlcg_train.adapt.recipes import recipe
from rlcg_train.adapt.run import CHECKPOINT
from rlcg_train.adapt.scales import SMOKE
from rlcg_train.adapt.seen_through import ACTOR, POLICY
from rlcg_train.adapt.workshop import Workshop
from rlcg_train.run_folder import read_state

# The toy episodes have one picture each.
SCALE = replace(SMOKE, amounts=(8, 16, 24))


@pytest.fixture(scope="module")
def shop(toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A workshop whose Sim-Only policy is trained."""
    root = tmp_path_factory.mktemp("workshop")
    for look in ("sim", "randomized_heavy"):
        shutil.copytree(toy_folder / "sim", root / "data" / look)
    shutil.copytree(toy_folder / "real", root / "real")
    made = Workshop(root, SCALE)
    made.train_policy(recipe("sim_only"), 1)
    return made


@pytest.mark.parametrize(
    "name", ["gan", "cycle_gan", "grasp_gan_0", "rcan", "rl_cycle_gan", "finder"]
)
def test_every_method_trains_a_generator(shop: Workshop, name: str) -> None:
    shop.train_generator(plan(name))
    state = read_state(shop.generator(name))
    assert (state.state, state.done) == ("finished", SCALE.gan_steps)
    picture = torch.zeros(1, 3, SCALE.side_px, SCALE.side_px)
    assert load_generator(shop.generator(name) / CHECKPOINT)(picture).shape == picture.shape


def test_what_is_done_is_not_done_again_and_other_settings_are_refused(shop: Workshop) -> None:
    path = shop.policy("sim_only") / POLICY
    before = path.stat().st_mtime_ns
    shop.train_policy(recipe("sim_only"), 1)
    assert path.stat().st_mtime_ns == before
    with pytest.raises(DataError, match="other settings"):
        Workshop(shop.root, replace(SCALE, policy_batch=6)).train_policy(recipe("sim_only"), 1)


def test_how_generators_learn_is_nothing_to_a_row_without_one(shop: Workshop) -> None:
    other = Workshop(shop.root, replace(SCALE, gan_steps=SCALE.gan_steps + 1))
    other.train_policy(recipe("sim_only"), 1)
    shop.train_generator(plan("gan"))
    shop.train_policy(recipe("gan"), 0)
    with pytest.raises(DataError, match="other settings"):
        other.train_policy(recipe("gan"), 0)


@pytest.mark.parametrize(
    ("frames", "steps"), [((1000,), 400), ((16_001,), 1001), ((16_000, 32_000), 4000)]
)
def test_a_policy_takes_as_many_steps_as_the_larger_half_of_its_data_asks_for(
    frames: tuple[int, ...], steps: int
) -> None:
    scale = replace(SMOKE, policy_steps=400, policy_passes=8, policy_batch=128)
    assert scale.steps_of_policy(frames) == steps


def test_steps_of_a_policy_are_reckoned_from_what_it_draws(shop: Workshop) -> None:
    scale = replace(SCALE, policy_passes=2)
    stage = Workshop(shop.root, scale)._policy_stage(recipe("sim_and_real_1"), None)
    frames = max(len(half.data.train) for half, _ in stage._halves.values())
    assert stage.settings.steps == frames > scale.policy_steps


@pytest.mark.parametrize("name", ["real_only_0", "sim_and_real_1", "grasp_gan_real_0"])
def test_rows_with_labelled_real_grasps_leave_a_policy(shop: Workshop, name: str) -> None:
    row = recipe(name)
    if row.generator:
        shop.train_generator(plan(row.generator))
    shop.train_policy(row, 0)
    assert (shop.policy(name, 0) / ACTOR).exists() == bool(row.generator)
    assert checkpoints.load(shop.policy(name, 0) / POLICY)[0].name == "goal"


def test_a_tuned_row_begins_with_the_policy_before_it(shop: Workshop, toy_folder: Path) -> None:
    shop.train_generator(plan("rl_cycle_gan"))
    shop.train_policy(recipe("rl_cycle_gan_real_2"), 1)
    tuned = recipe("rl_cycle_gan_tuned")
    shutil.copytree(toy_folder / "real" / "shards", shop.stock.tuning_shards(tuned))
    stage = shop._policy_stage(tuned, None)
    before = checkpoints.load(shop.policy("rl_cycle_gan_real_2") / POLICY)[1]
    assert weights_hash(stage.Q.network) == weights_hash(before)
    assert stage.settings.real_weight == 1.0
    real = [half for half, _ in stage._halves.values()][1].data
    assert real.episodes == SCALE.amounts[2] + 40


def test_the_row_of_the_papers_rule_weighs_as_it_says(shop: Workshop) -> None:
    shop.train_generator(plan("rl_cycle_gan"))
    stage = shop._policy_stage(recipe("rl_cycle_gan_weight_rule"), None)
    assert stage.settings.real_weight == 0.1


@pytest.mark.parametrize(
    ("name", "amount"),
    [
        ("sim_only", 0),
        ("rcan", 0),
        ("real_only_1", SCALE.amounts[1]),
        ("gan", SCALE.amounts[2]),
        ("rl_cycle_gan_real_0", SCALE.amounts[0]),
    ],
)
def test_a_row_counts_the_real_episodes_that_were_there(
    shop: Workshop, name: str, amount: int
) -> None:
    assert shop.stock.real_episodes(recipe(name)) == amount


def test_episodes_that_lack_are_not_counted(shop: Workshop) -> None:
    more = Workshop(shop.root, replace(SCALE, amounts=(8, 16, 1000)))
    assert more.stock.real_episodes(recipe("gan")) == 40


def test_the_joint_phase_begins_with_what_sim_only_knows(shop: Workshop) -> None:
    task = shop._begun_task()
    before = checkpoints.load(shop.policy("sim_only") / POLICY)[1]
    assert weights_hash(task.network) == weights_hash(before)


def test_a_row_whose_data_lack_says_so(shop: Workshop) -> None:
    with pytest.raises(DataError, match="no usable shard"):
        shop.train_policy(recipe("randomized"), 0)


def test_a_plan_says_how_much_the_scene_weighs(shop: Workshop) -> None:
    weights = {}
    for name in ("rl_cycle_gan", "rl_cycle_gan_scene_1"):
        stage = shop._stage(plan(name))
        weights[name] = {route.loss: route.weight for route in stage.routes}["scene"]
    assert weights == {"rl_cycle_gan": 10.0, "rl_cycle_gan_scene_1": 1.0}


def test_a_plan_says_how_much_longer_it_learns(shop: Workshop) -> None:
    shop.train_generator(plan("rl_cycle_gan_long"))
    done = read_state(shop.generator("rl_cycle_gan_long")).done
    assert done == 4 * shop.scale.gan_steps
