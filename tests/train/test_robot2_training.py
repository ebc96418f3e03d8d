# SPDX-License-Identifier: Apache-2.0
"""Robot 2 is trained by the commands of robot 1; what differs is its profile and its data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rlcg_core.errors import DataError
from rlcg_core.robots import ROBOTS, Robot
from rlcg_sim.description import find_urdf
from rlcg_sim.makers import BuiltInWorlds
from rlcg_train import checkpoints, dataset
from rlcg_train.collect import CollectSettings, collect
from rlcg_train.explore import TorchPolicy
from rlcg_train.fit import Fit, FitSettings
from rlcg_train.network import GraspNetwork, NetworkSettings
from rlcg_train.profiles import GOALS, PROFILES
from rlcg_train.shards import read_shard

SMALL = NetworkSettings(widths=(4, 8, 8), hidden=8)


def collected(out: Path, robot: Robot) -> Path:
    """Collect two attempts of the scripted policy."""
    cell = robot.cell
    collect(
        CollectSettings(
            out,
            find_urdf(cell.urdf),
            attempts=2,
            objects=robot.train_objects,
            workers=0,
            tiny_every=1,
            per_shard=2,
            rule=robot.rule,
            open_world=BuiltInWorlds(cell=cell),
        )
    )
    return out


@pytest.mark.parametrize("name", ROBOTS)
def test_a_robots_profile_seeks_where_it_reaches_and_carries_out_by_its_rule(name: str) -> None:
    profile, robot = GOALS[name], ROBOTS[name]
    assert PROFILES[profile.name] is profile
    assert profile.rule == robot.rule
    centre, size = np.array(robot.cell.goal_area.centre_xy_m), robot.cell.goal_area.size_xy_m
    low, high = ([getattr(v, end) for v in profile.variables[:2]] for end in ("low", "high"))
    assert np.all(np.array(low) >= centre - 0.5 * np.array(size))
    assert np.all(np.array(high) <= centre + 0.5 * np.array(size))
    assert tuple(profile.start.mean0[:2]) == pytest.approx(tuple(centre))
    projection = profile.example(0)["projection"]
    np.testing.assert_allclose(projection, robot.cell.camera.projection_base_to_px())


def test_a_checkpoint_says_whose_it_is_and_is_searched_as_that_robots(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    checkpoints.save(path, GOALS["robot2"], GraspNetwork(SMALL), SMALL.as_dict())
    assert checkpoints.load(path)[0] is GOALS["robot2"]
    policy = TorchPolicy(path, ROBOTS["robot2"].rule)
    assert policy.start == GOALS["robot2"].start
    assert policy.cem.variables == GOALS["robot2"].variables


def test_attempts_are_collected_learned_from_and_kept_apart_from_robot_1s(tmp_path: Path) -> None:
    robot = ROBOTS["robot2"]
    mine = collected(tmp_path / "robot2", robot)
    projection = read_shard(mine / "00000.npz")[1]
    np.testing.assert_allclose(projection, robot.cell.camera.projection_base_to_px())
    settings = FitSettings((mine,), tmp_path / "fit", epochs=1, batch=1, threads=1, network=SMALL)
    Fit(replace(settings, profile=GOALS["robot2"].name), dataset.load([mine])).run()
    assert checkpoints.load(tmp_path / "fit/checkpoint.pt")[0] is GOALS["robot2"]
    other = collected(tmp_path / "robot1", ROBOTS["robot1"])
    with pytest.raises(DataError, match="another camera"):
        dataset.load([mine, other])
