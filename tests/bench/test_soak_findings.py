# SPDX-License-Identifier: Apache-2.0
"""What a soak finds in samples that are made up: growth is told from noise, steps and restarts."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from soak_samples import Rise, samples

from rlcg_bench.section import Section
from rlcg_bench.soak import findings, report
from rlcg_bench.soak.growth import Limit, Series, slope_per_hour
from rlcg_bench.soak.log import Sample
from rlcg_bench.soak.settings import SoakSettings

HOUR = SoakSettings()


def series(hours: np.ndarray, values: np.ndarray, segments: np.ndarray | None = None) -> Series:
    where = np.zeros(len(hours), np.int64) if segments is None else segments
    return Series(hours, values, where)


def missed(found: Section) -> list[str]:
    return [bar.name for bar in found.bars if not bar.holds]


def judge(seen: list[Sample], settings: SoakSettings = HOUR) -> Section:
    return findings.section(settings, seen, complete=True)


def test_the_slope_of_a_line_is_found_though_a_quarter_of_the_samples_are_peaks() -> None:
    rng = np.random.default_rng(1)
    hours = np.linspace(0.0, 1.0, 720)
    values = 200.0 + 30.0 * hours + rng.normal(0.0, 0.5, 720)
    values[rng.permutation(720)[:180]] += 80.0
    assert slope_per_hour(series(hours, values)) == pytest.approx(30.0, abs=3.0)


def test_what_begins_anew_at_another_height_has_not_grown() -> None:
    hours = np.linspace(0.0, 2.0, 400)
    segments = (hours > 1.0).astype(np.int64)
    assert slope_per_hour(series(hours, 200.0 + 90.0 * segments, segments)) == 0.0


def test_of_one_sample_nothing_is_told() -> None:
    assert slope_per_hour(series(np.array([0.1]), np.array([5.0]))) is None


def test_a_thousand_times_as_many_samples_give_the_same_slope() -> None:
    hours = np.linspace(0.0, 1.0, 20_000)
    assert slope_per_hour(series(hours, 7.0 * hours)) == pytest.approx(7.0, rel=0.01)


def test_a_short_soak_asks_no_more_than_it_can_tell() -> None:
    limit = Limit(per_hour=10.0, floor=5.0)
    assert limit.seen_from(1.0) == 10.0
    assert limit.seen_from(1.0 / 60.0) == pytest.approx(300.0)


def test_a_steady_hour_is_good() -> None:
    found = judge(samples(60.0))
    assert missed(found) == []
    assert findings.good(found)


@pytest.mark.parametrize(
    ("rises", "named"),
    [
        ({"memory_mb": lambda h: 20.0 * h}, "arm_node: memory [MB] per hour"),
        ({"files": lambda h: 6.0 * h}, "arm_node: open files per hour"),
        ({"latency_ms": lambda h: 8.0 * h}, "step [ms] per hour"),
    ],
)
def test_what_grows_is_named(rises: dict[str, Rise], named: str) -> None:
    found = judge(samples(60.0, **rises))  # type: ignore[arg-type]
    assert named in missed(found)
    assert not findings.good(found)


@pytest.mark.parametrize(
    "memory_mb",
    [
        lambda hours: min(hours, 0.16) * 900.0,  # what the warm-up fills
        lambda hours: 30.0 * (hours > 0.25),  # a step, early on
    ],
)
def test_what_rises_once_and_stays_does_not_grow(memory_mb: Rise) -> None:
    assert missed(judge(samples(60.0, memory_mb=memory_mb))) == []


def test_a_soak_that_was_gone_on_with_is_judged_by_its_sessions() -> None:
    first = samples(30.0)
    second = samples(30.0, memory_mb=lambda hours: 120.0, session=1)
    assert missed(judge([*first, *second])) == []
    leaking = samples(30.0, memory_mb=lambda hours: 40.0 * hours, session=1)
    assert "arm_node: memory [MB] per hour" in missed(judge([*samples(30.0), *leaking]))


def test_latency_is_not_judged_where_others_load_the_machine_unequally() -> None:
    seen = samples(60.0, latency_ms=lambda hours: 8.0 * hours)
    half = len(seen) // 2
    busy = [replace(one, load=9.0) for one in seen[half:]]
    found = judge([*seen[:half], *busy])
    assert missed(found) == []
    assert findings.not_judged(found) == ["step [ms]", "image to command [ms]"]
    assert "not judged: step [ms]" in report.verdict(found, "")


def test_a_short_soak_judges_files_and_threads_alone() -> None:
    found = judge(samples(12.0, memory_mb=lambda hours: 900.0 * hours))
    assert missed(found) == []
    assert "arm_node: memory [MB]" in findings.not_judged(found)
    leaking = judge(samples(12.0, files=lambda hours: 200.0 * hours))
    assert missed(leaking) == ["arm_node: open files per hour"]


def test_a_soak_in_which_nothing_was_grasped_is_no_success() -> None:
    nothing = [Sample(s.session, s.time_s, s.load, s.processes) for s in samples(60.0)]
    found = judge(nothing)
    assert "grasps" in missed(found)
    assert not findings.good(found)
    assert not findings.good(judge([]))


def test_a_grasp_without_a_bag_is_told() -> None:
    assert missed(judge(samples(60.0, recorded=False))) == ["grasps without a bag"]


def test_the_report_stands_alone_and_says_what_came_of_it(tmp_path: Path) -> None:
    seen = samples(20.0, memory_mb=lambda hours: 90.0 * hours)
    found = findings.section(HOUR, seen, complete=False)
    files = report.write(tmp_path, HOUR, seen, found, problem="")
    plain = json.loads((tmp_path / "soak.json").read_text())
    assert [path.name for path in files] == ["soak.json", "soak.png", "soak.html"]
    assert plain["verdict"].startswith("interrupted; until then: does not hold: arm_node: memory")
    assert not plain["good"]
    assert (tmp_path / "soak.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "soak.html").read_text()
    assert "data:image/png;base64," in page
    assert "http" not in page.replace("http-equiv", "")
