# SPDX-License-Identifier: Apache-2.0
"""Training that begins with given weights."""

from pathlib import Path

import pytest
import torch
from small_network import SMALL
from toy_log import toy_episode

from rlcg_core.errors import DataError
from rlcg_train import checkpoints, dataset, from_logs, logged
from rlcg_train.fit import Fit, FitSettings
from rlcg_train.network import GraspNetwork, NetworkSettings
from rlcg_train.profiles import ACTION, GOAL

TINY = NetworkSettings(widths=(4, 4, 4), hidden=8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dataset.Dataset:
    folder = tmp_path_factory.mktemp("data")
    for number in range(4):
        logged.write(folder / "log" / f"{number}", toy_episode(number))
    from_logs.make_shards([folder / "log"], folder / "shards")
    return dataset.load([folder / "shards"])


def settings(folder: Path, init: Path | None = None) -> FitSettings:
    return FitSettings((folder,), folder / "run", 1, threads=1, init=init, network=TINY)


def test_a_fit_begins_with_the_weights_it_is_given(tmp_path: Path, data: dataset.Dataset) -> None:
    torch.manual_seed(9)
    given = GraspNetwork(TINY)
    checkpoints.save(tmp_path / "given.pt", GOAL, given, TINY.as_dict())
    fresh = Fit(settings(tmp_path), data).network.state_dict()
    taken = Fit(settings(tmp_path, tmp_path / "given.pt"), data).network.state_dict()
    for name, weights in given.state_dict().items():
        torch.testing.assert_close(taken[name], weights)
    name = "head.0.weight"
    assert not torch.equal(fresh[name], taken[name])


def test_weights_of_another_network_are_refused(tmp_path: Path, data: dataset.Dataset) -> None:
    other = checkpoints.fresh_qt_opt(3, SMALL)
    checkpoints.save(tmp_path / "other.pt", ACTION, other, SMALL.as_dict())
    with pytest.raises(DataError, match=r"other.pt is of another network"):
        Fit(settings(tmp_path, tmp_path / "other.pt"), data)
