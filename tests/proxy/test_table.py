# SPDX-License-Identifier: Apache-2.0
"""What `rlcg-proxy table` does for a row, and what it leaves alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from rlcg_proxy import table as making
from rlcg_proxy import table_results
from rlcg_proxy.lab_log import LogSettings
from rlcg_proxy.table import Table, TableSettings
from rlcg_train.adapt import results
from rlcg_train.adapt.recipes import Recipe, recipe
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


@pytest.mark.parametrize(
    ("own", "actors"),
    [(False, ["sim_only", "rcan"]), (True, ["gan", "rcan_tuned"])],
)
def test_rows_of_a_look_share_their_attempts_unless_each_shall_make_its_own(
    own: bool, actors: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acted = list[str]()

    def act(table: Table, row: Recipe) -> Path:
        acted.append(row.name)
        return tmp_path

    monkeypatch.setattr(Table, "_on_policy", act)
    table = Table(TableSettings(tmp_path, tmp_path, tmp_path, replace(SMALL, own_attempts=own)))
    for name in ("gan", "rcan_tuned"):
        table._attempts(recipe(name))
    assert acted == actors


def test_generators_are_judged_as_soon_as_the_finder_can_judge_them(
    measured: list[tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for world in ("real_proxy", "sim"):
        results.write(tmp_path / "results", replace(STORED, row="gan", world=world))
    settings = TableSettings(tmp_path, tmp_path / "results", tmp_path, rows=("gan",))
    Table(settings).make()
    assert results.read_all(tmp_path / "results")["gan", "real_proxy"] == replace(STORED, row="gan")
    monkeypatch.setattr(table_results, "_agreement", lambda shop, row: {"objects, x": 0.9})
    Table(settings).make()
    stored = results.read_all(tmp_path / "results")
    assert stored["gan", "real_proxy"].agreement == {"objects, x": 0.9}
    assert not stored["gan", "sim"].agreement
    assert not measured
