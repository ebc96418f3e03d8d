# SPDX-License-Identifier: Apache-2.0
"""What `rlcg-proxy table` does for a row, and what it leaves alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from rlcg_proxy import table as making
from rlcg_proxy.lab_log import LogSettings
from rlcg_proxy.table import Table, TableSettings
from rlcg_train.adapt import results
from rlcg_train.adapt.recipes import Recipe
from rlcg_train.adapt.results import Result
from rlcg_train.adapt.scales import SMALL

STORED = Result("sim_only", "real_proxy", "", "SF", 0, 1.0, 0.0, "", "", False, {})


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Rows and worlds that were measured; nothing is trained."""
    found = list[tuple[str, str]]()
    monkeypatch.setattr(Table, "_train", lambda self, row: None)
    monkeypatch.setattr(Table, "_export", lambda self, row: Path(row.name))

    def measure(table: Table, row: Recipe, model: Path, world: str) -> None:
        found.append((row.name, world))

    monkeypatch.setattr(Table, "_measure", measure)
    return found


def test_a_row_is_measured_where_it_was_not_yet(
    measured: list[tuple[str, str]], tmp_path: Path
) -> None:
    results.write(tmp_path / "results", STORED)
    settings = TableSettings(tmp_path, tmp_path / "results", tmp_path, rows=("sim_only", "gan"))
    Table(settings).make()
    assert measured == [("sim_only", "sim"), ("gan", "real_proxy"), ("gan", "sim")]
    measured.clear()
    Table(replace(settings, worlds=("real_proxy",))).make()
    assert measured == [("gan", "real_proxy")]


def test_a_row_waits_only_for_the_part_of_the_log_that_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged, sharded = list[int](), list[int]()

    def fill(settings: LogSettings) -> float:
        logged.append(settings.episodes)
        return 0.3

    def make_shards(folders: list[Path], out: Path, at_most: int) -> dict[str, str]:
        sharded.append(at_most)
        return {}

    monkeypatch.setattr(making, "fill_log", fill)
    monkeypatch.setattr(making, "make_shards", make_shards)
    table = Table(TableSettings(tmp_path, tmp_path, tmp_path, replace(SMALL, amounts=(4, 60, 70))))
    for amount in (0, 1, -1):
        table._need_log(amount)
    # Whole shards, as a shard that is there is not made again, but no more than the log has.
    assert logged == sharded == [50, 70, 70]
