# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest

from rlcg_core.cell import ROBOT1
from rlcg_core.errors import DataError
from rlcg_core.reasons import Outcome
from rlcg_train import shards
from rlcg_train.qt_opt.attempts import choices, take_in, worth
from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.labels import ReturnSettings, backed_up
from rlcg_train.qt_opt.log_format import End
from rlcg_train.qt_opt.replay import ReplaySource
from rlcg_train.rollout import Attempt, Frame

RETURNS = ReturnSettings(0.9, 0.05)
PROJECTION = ROBOT1.camera.projection_base_to_px()


def attempt(seed: int, success: bool) -> Attempt:
    """Two frames on the way to a goal two steps from the second."""
    goal = np.array([0.57, 0.12, 0.3])
    poses = [np.array([0.57, 0.0, 0.25, 0.0]), np.array([0.57, 0.02, 0.1, 0.1])]
    image = np.full((512, 640, 3), seed, np.uint8)
    frames = tuple(Frame(image, pose) for pose in poses)
    return Attempt(frames, goal, Outcome.SUCCESS if success else Outcome.FAILURE, 9)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = {k: attempt(k, success=k % 2 == 0) for k in range(20)}
    path = tmp_path / "data"
    path.mkdir()
    shards.write_shard(path / "00000.npz", found, "tiny", PROJECTION)
    return path


def test_what_an_attempt_was_worth_is_what_its_episode_would_be() -> None:
    steps = np.array([0.0, 1.0, 4.0, 8.0, 11.0])
    np.testing.assert_allclose(
        worth(np.ones(5), steps, RETURNS), (1.5 * 0.9**steps - 0.5).clip(0.0), atol=1e-12
    )
    assert worth(np.zeros(1), np.array([3.0]), RETURNS)[0] == 0.0


def test_each_frame_becomes_a_move_to_where_the_jaw_closed(folder: Path) -> None:
    samples = shards.read_shard(folder / "00000.npz")[0]
    found = choices(samples, RETURNS)
    first, second = found[0], found[1]
    np.testing.assert_allclose(first["target"], [0.57, 0.12, 0.012, 0.3], atol=1e-6)
    assert first["command"] == Command.MOVE
    np.testing.assert_allclose(first["action"][:3], [0.0, 0.06, -0.06], atol=1e-6)
    # Four steps down from 25 cm, two across from 2 cm; closing and two up after each.
    assert first["reward"] == pytest.approx(1.5 * 0.9**7 - 0.5, abs=1e-6)
    assert second["reward"] == pytest.approx(1.5 * 0.9**5 - 0.5, abs=1e-6)
    assert found[2]["reward"] == 0.0  # of an attempt that failed
    assert set(found["end"]) == {End.TERMINAL}
    values = backed_up(found[:2], np.full(2, np.nan), 0.0, RETURNS).values
    np.testing.assert_allclose(values, found["reward"][:2])


def test_attempts_are_taken_in_once(folder: Path, tmp_path: Path) -> None:
    assert take_in([folder], tmp_path / "store", RETURNS) == 20
    source = ReplaySource(tmp_path / "store")
    keys = [*source.train, *source.held_out]
    assert sum(key.stored.count for key in keys) == 40
    assert take_in([folder], tmp_path / "store", RETURNS) == 0
    source.refresh()
    assert len([*source.train, *source.held_out]) == len(keys)


def test_a_folder_without_attempts_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no shards"):
        take_in([tmp_path], tmp_path / "store", RETURNS)
