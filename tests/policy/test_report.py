# SPDX-License-Identifier: Apache-2.0
"""The report: keys of the schema, honest medians, who judged, what the terminal shows."""

import json
import math
import re
from pathlib import Path

import pytest
from report_examples import MIXED, record, report, two_robots

from rlcg_core.errors import ConfigError
from rlcg_core.reasons import Outcome
from rlcg_core.reasons import TerminationReason as Reason
from rlcg_core.statistics import wilson_interval
from rlcg_policy.report import console
from rlcg_policy.report.record import from_dict
from rlcg_policy.report.report import write_json

PROMISED = {
    "schema_version", "grasps", "successes", "success_rate", "interval_95", "step_ms_median",
    "image_to_command_ms_median", "model", "objects", "seed", "commit", "renderer", "backend",
    "episodes", "protocol", "replacement", "robots", "outcome_sources", "model_digest",
    "robot", "per_robot", "per_object", "agreement", "q_calibration", "interrupted", "sessions",
}  # fmt: skip


def test_the_record_has_the_promised_keys_and_figures(tmp_path: Path) -> None:
    write_json(report(*MIXED), tmp_path)
    plain = json.loads((tmp_path / "report.json").read_text())
    assert plain.keys() >= PROMISED
    assert (plain["grasps"], plain["successes"], plain["invalid"]) == (3, 2, 1)
    assert plain["success_rate"] == pytest.approx(2 / 3, abs=1e-4)
    assert plain["interval_95"] == pytest.approx(wilson_interval(2, 3), abs=1e-4)
    assert plain["complete"] is True
    assert [row["outcome"] for row in plain["episodes"]] == [o.name.lower() for o in MIXED]


def test_steps_without_the_network_do_not_flatter_the_medians() -> None:
    plain = report(*MIXED).as_dict()
    assert plain["step_ms_median"] == pytest.approx(25.0)
    assert plain["image_to_command_ms_median"] == pytest.approx(35.0)


def test_nothing_done_yet_is_null_and_no_rate(tmp_path: Path) -> None:
    plain = report().as_dict()
    assert plain["success_rate"] is None
    assert plain["interval_95"] == [0.0, 1.0]
    assert plain["step_ms_median"] is None
    assert plain["complete"] is False


def test_what_is_no_number_becomes_null(tmp_path: Path) -> None:
    nothing = report()
    nothing.episodes.append(record(0, Outcome.INVALID, last_q=math.nan))
    write_json(nothing, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["episodes"][0]["last_q"] is None


def test_every_key_is_described(repository: Path) -> None:
    text = (repository / "docs/report-schema.md").read_text()
    described = set(re.findall(r"`(\w+)`", text))
    plain = report(*MIXED).as_dict()
    assert plain.keys() <= described
    assert plain["episodes"][0].keys() <= described


def test_a_line_says_what_went_wrong_only_when_something_did() -> None:
    assert "success" in console.line(record(0, Outcome.SUCCESS), 10)
    assert "(" not in console.line(record(0, Outcome.SUCCESS), 10)
    fault = record(1, Outcome.INVALID, reason=Reason.STALE_IMAGE, text="newest image is old")
    assert console.line(fault, 10).endswith("(stale_image: newest image is old)")
    assert "\n" not in console.line(fault, 10)


def test_the_table_names_rate_interval_and_files() -> None:
    text = console.table(report(*MIXED), Path("runs/x"))
    for part in ("2 of 3 = 66.7%", "95% interval", "25.0 ms", "1 invalid", "runs/x/report.json"):
        assert part in text
    assert "no valid grasp" in console.table(report(), Path("runs/x"))


def test_a_run_that_was_cut_off_says_how_to_go_on() -> None:
    cut = report(Outcome.SUCCESS)
    words = "evaluate.launch.py protocol:=scenes seed:=7 grasps:=4 resume:=x, other words as before"
    assert words in console.table(cut, Path("runs/x"))
    assert "resume" not in console.table(report(*MIXED), Path("runs/x"))


def test_rates_are_told_by_robot_and_by_object() -> None:
    plain = two_robots().as_dict()
    assert [(row["name"], row["successes"], row["grasps"]) for row in plain["per_robot"]] == [
        ("robot_1", 1, 2),
        ("robot_2", 1, 2),
    ]
    (cup,) = plain["per_object"]
    assert (cup["name"], cup["successes"], cup["grasps"]) == ("cup", 2, 4)
    assert cup["interval_95"] == pytest.approx(wilson_interval(2, 4), abs=1e-4)


def test_agreement_of_two_sources_is_told_with_its_interval() -> None:
    (row,) = two_robots().as_dict()["agreement"]
    assert (row["first"], row["second"]) == ("simulator", "gripper_opening")
    assert (row["n"], row["same"], row["only_second_success"]) == (4, 3, 1)
    assert row["interval_95"] == pytest.approx(wilson_interval(3, 4), abs=1e-4)
    assert "simulator and gripper_opening: 3 of 4" in console.table(two_robots(), Path("x"))


def test_q_is_set_against_outcome() -> None:
    bins = two_robots().as_dict()["q_calibration"]["bins"]
    assert [(row["low"], row["grasps"], row["successes"]) for row in bins] == [
        (0.1, 1, 1), (0.3, 1, 0), (0.5, 1, 0), (0.7, 1, 1),
    ]  # fmt: skip


def test_a_row_comes_back_as_it_was_written() -> None:
    row = two_robots().episodes[1]
    again = from_dict(json.loads(json.dumps(row.as_dict())))
    assert again == row
    with pytest.raises(ConfigError, match="another version"):
        from_dict({"index": 1})


def test_robots_may_end_in_any_order() -> None:
    found = report()
    for index in (2, 0, 1):
        found.add(record(index, Outcome.SUCCESS))
    assert [episode.index for episode in found.episodes] == [0, 1, 2]
