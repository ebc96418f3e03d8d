# SPDX-License-Identifier: Apache-2.0
"""The guard against losing speed: ratios of one small run with generous slack, never times."""

import json
from pathlib import Path
from typing import Any

import pytest

from rlcg_bench import cli, machine
from rlcg_bench.variants import FLOAT32, NAIVE, NAIVE_WHOLE, TENSOR2ROBOT
from rlcg_core.bundle import Bundle

ROUNDS = 4


@pytest.fixture(scope="module")
def record(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """`bench.json` of a run with the shipped model of paper size."""
    model = str(repository / "models" / cli.MODEL)
    return run(model, tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def small_record(small_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run(str(small_bundle.folder), tmp_path_factory.mktemp("runs"))


def run(model: str, runs: Path) -> dict[str, Any]:
    arguments = ["policy", "--model", model, "--rounds", str(ROUNDS), "--openvino-python", ""]
    assert cli.main([*arguments, "--run-directory", str(runs)]) == 0
    found: dict[str, Any] = json.loads((runs / "latest-bench/bench.json").read_text())
    assert (runs / "latest-bench/bench.png").is_file()
    return found


def cpu_ms(record: dict[str, Any]) -> dict[str, float]:
    return {row["variant"]: row["cpu_ms"] for row in record["sections"][0]["rows"]}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_step_stays_ahead_of_the_ways_that_it_replaces(record: dict[str, Any]) -> None:
    found = cpu_ms(record)
    assert found[TENSOR2ROBOT] > 1.4 * found[FLOAT32]
    assert found[NAIVE] > 20.0 * found[FLOAT32]


@pytest.mark.slow
def test_int8_is_no_slower_than_float32_where_the_processor_has_vnni(
    record: dict[str, Any],
) -> None:
    if {"avx512_vnni", "avx_vnni"} & machine.flags():
        found = cpu_ms(record)
        assert found["cpu-int8"] <= found[FLOAT32]


@pytest.mark.slow
def test_a_small_network_runs_through_all_variants_alike(small_record: dict[str, Any]) -> None:
    (section,) = small_record["sections"]
    rows = {row["variant"]: row for row in section["rows"]}
    assert rows[FLOAT32]["n"] == ROUNDS
    assert rows[NAIVE]["n"] == 2  # asked in each third round
    assert rows[NAIVE_WHOLE]["n"] == 1
    chose = {row["same"] for name, row in rows.items() if row["same"] and name != NAIVE_WHOLE}
    assert chose == {f"{ROUNDS}/{ROUNDS}"}
    assert rows[NAIVE_WHOLE]["same"] == "1/1"
    assert all(row["cpu_ms"] > 0.0 and row["peak_MB"] > 20.0 for row in rows.values())


@pytest.mark.slow
def test_the_record_says_what_was_measured_where_and_how(
    small_record: dict[str, Any], small_bundle: Bundle
) -> None:
    assert {"cpu", "flags", "cores", "governor", "versions"} <= set(small_record["machine"])
    assert {"torch", "onnxruntime"} <= set(small_record["machine"]["versions"])
    (section,) = small_record["sections"]
    details = section["details"]
    assert details["model"] == {"name": "small", "digest": small_bundle.digest}
    assert details["settings"]["threads"] == 1
    assert section["complete"] is True
    assert {bar["name"] for bar in section["bars"]} >= {"naive / float32", "float32 / G"}
    assert len(details["timings"][FLOAT32]) == ROUNDS
