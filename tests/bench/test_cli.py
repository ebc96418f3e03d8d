# SPDX-License-Identifier: Apache-2.0
import argparse
import json
from pathlib import Path

import pytest

from rlcg_bench import cli
from rlcg_bench.section import Section
from rlcg_core.errors import WorldError


def simulator(args: argparse.Namespace) -> Section:
    return Section("simulator", ({"what": "steps", "per_s": 3.0},))


def interrupted(args: argparse.Namespace) -> Section:
    raise KeyboardInterrupt


def run(runs: Path, monkeypatch: pytest.MonkeyPatch, *parts: cli.Part) -> int:
    monkeypatch.setitem(cli.PARTS, "all", parts)
    return cli.main(["--run-directory", str(runs)])


def test_all_parts_go_into_one_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(tmp_path, monkeypatch, simulator, simulator) == 0
    found = json.loads((tmp_path / "latest-bench/bench.json").read_text())
    assert [section["title"] for section in found["sections"]] == ["simulator", "simulator"]


def test_an_interruption_keeps_the_parts_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(tmp_path, monkeypatch, simulator, interrupted, simulator) == 130
    found = json.loads((tmp_path / "latest-bench/bench.json").read_text())
    assert len(found["sections"]) == 1


def test_a_part_that_was_interrupted_and_reports_is_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def partly(args: argparse.Namespace) -> Section:
        return Section("policy step", (), complete=False)

    assert run(tmp_path, monkeypatch, partly, simulator) == 130
    found = json.loads((tmp_path / "latest-bench/bench.json").read_text())
    assert [section["title"] for section in found["sections"]] == ["policy step"]


def test_a_part_that_fails_leaves_the_parts_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(args: argparse.Namespace) -> Section:
        raise WorldError("no renderer")

    assert run(tmp_path, monkeypatch, simulator, failing) == 1
    assert capsys.readouterr().err == "rlcg-bench: no renderer\n"
    assert (tmp_path / "latest-bench/bench.json").is_file()


def test_an_interruption_before_any_result_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, monkeypatch, interrupted) == 130
    assert capsys.readouterr().err == "rlcg-bench: interrupted\n"
    assert not list(tmp_path.iterdir())


def test_an_unknown_model_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["policy", "--model", "no_such", "--run-directory", str(tmp_path)]
    assert cli.main(arguments) == 1
    assert capsys.readouterr().err.startswith("rlcg-bench: model 'no_such' is unknown")


@pytest.mark.parametrize("text", ["0", "-3", "1.5", "many"])
def test_rounds_are_a_positive_whole_number(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["policy", "--rounds", text])
    assert "expected a whole number of 1 or more" in capsys.readouterr().err
