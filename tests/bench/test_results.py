# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest

from rlcg_bench import machine, show
from rlcg_bench.bars import Bar
from rlcg_bench.results import Results
from rlcg_bench.section import Cell, Section


def row(name: str, cpu_ms: float | None, verdict: str) -> dict[str, Cell]:
    ratio = None if cpu_ms is None else 1000.0 / cpu_ms
    return {"variant": name, "cpu_ms": cpu_ms, "naive/it": ratio, "gate": verdict}


SECTION = Section(
    "policy step",
    (
        row("naive", 1000.0, ""),
        row("cpu-int8", 10.0, "refused: too far off"),
        row("openvino-int8", None, "it crashed"),
    ),
    (Bar("speed", 40.0, 45.0, "at least", note="the processor's floor is 41"),),
    ("G is 500 ms.",),
    {"broken": float("nan")},
)


def test_the_record_is_json_behind_a_link_to_the_latest_run(tmp_path: Path) -> None:
    results = Results(["policy"], sections=[SECTION])
    record, _ = results.write(tmp_path)
    assert (tmp_path / "latest-bench").resolve() == record.parent
    found = json.loads(record.read_text(), parse_constant=pytest.fail)
    assert found["arguments"] == ["policy"]
    assert found["machine"]["cores"] >= 1
    assert len(found["load_before"]) == len(found["load_after"]) == 3
    (section,) = found["sections"]
    assert section["rows"][1]["cpu_ms"] == 10.0
    assert section["bars"][0]["holds"] is False
    assert section["details"]["broken"] is None


def test_a_picture_is_drawn_of_what_was_timed(tmp_path: Path) -> None:
    _, picture = Results([], sections=[SECTION]).write(tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_without_timed_variants_there_is_no_picture(tmp_path: Path) -> None:
    section = Section("simulator", ({"simulator": "rlcg_sim", "cpu_ms": 3.0},))
    (record,) = Results([], sections=[section]).write(tmp_path)
    assert [path.name for path in record.parent.iterdir()] == ["bench.json"]


def test_the_terminal_shows_times_reasons_and_verdicts() -> None:
    text = show.text(SECTION)
    lines = text.splitlines()
    assert next(line for line in lines if "cpu-int8" in line).split() == ["cpu-int8", "10", "100"]
    assert "cpu-int8: refused: too far off" in text
    assert "openvino-int8: it crashed" in text
    bar = next(line for line in lines if line.strip().startswith("speed "))
    assert bar.split() == ["speed", "40", "at", "least", "45", "misses"]
    assert "the processor's floor is 41" in text


def test_flags_are_read_from_linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("model name\t: Test CPU\nflags\t\t: fpu avx2 amx_int8 avx512_vnni\n")
    monkeypatch.setattr(machine, "CPUINFO", info)
    assert machine.flags() >= {"amx_int8", "avx512_vnni"}
    found = machine.describe()
    assert found["cpu"] == "Test CPU"
    assert found["flags"] == ["avx2", "avx512_vnni", "amx_int8"]
