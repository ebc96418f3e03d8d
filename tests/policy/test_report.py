# SPDX-License-Identifier: Apache-2.0
"""The report: keys of the schema, honest medians, whole files, the link to the newest run."""

import json
import math
import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import cv2
import numpy as np
import pytest

from rlcg_core.errors import ConfigError
from rlcg_core.outcome_sources import Judgement, Source
from rlcg_core.reasons import Outcome
from rlcg_core.reasons import TerminationReason as Reason
from rlcg_core.statistics import wilson_interval
from rlcg_policy.report import console
from rlcg_policy.report.folder import RunFolder
from rlcg_policy.report.page import page
from rlcg_policy.report.record import GraspRecord, from_dict
from rlcg_policy.report.report import Report, write_json
from rlcg_policy.report.strip import FRAMES_PER_ROW, Row, Strip, thumbnail

STARTED = datetime(2000, 1, 2, 3, 4, 5)
PROMISED = {
    "schema_version", "grasps", "successes", "success_rate", "interval_95", "step_ms_median",
    "image_to_command_ms_median", "model", "objects", "seed", "commit", "renderer", "backend",
    "episodes", "protocol", "replacement", "robots", "outcome_sources", "model_digest",
    "robot", "per_robot", "per_object", "agreement", "q_calibration", "interrupted", "sessions",
}  # fmt: skip


def record(index: int, outcome: Outcome, **other: object) -> GraspRecord:
    values: dict = {
        "index": index,
        "seed": 100 + index,
        "outcome": outcome,
        "reason": Reason.POLICY_TERMINATED,
        "text": "",
        "steps": 3,
        "last_q": 0.5,
        "duration_s": 1.0,
        "step_ms": (30.0, 20.0, 1.0),
        "image_to_command_ms": (40.0, 30.0, 2.0),
        "network_ran": (True, True, False),
    }
    return GraspRecord(**{**values, **other})


def report(*outcomes: Outcome) -> Report:
    episodes = [record(index, outcome) for index, outcome in enumerate(outcomes)]
    return Report("tiny", "some", 7, 4, "abc", "mock", "2000", "mock", 5.0, episodes)


MIXED = (Outcome.SUCCESS, Outcome.FAILURE, Outcome.INVALID, Outcome.SUCCESS)


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


def row(colour: int) -> Row:
    frames = tuple(np.full((160, 200, 3), colour + i, np.uint8) for i in range(9))
    return Row(f"grasp {colour}", Outcome.SUCCESS, frames)


def strip(*colours: int) -> Strip:
    made = Strip(rows=2)
    for colour in colours:
        made.add(row(colour))
    return made


def test_the_strip_shows_the_newest_grasps_from_first_to_last_frame() -> None:
    sheet = cv2.imdecode(np.frombuffer(strip(10, 40, 80).png(), np.uint8), cv2.IMREAD_COLOR)
    assert sheet.shape == (2 * 182, FRAMES_PER_ROW * 200, 3)
    row = sheet[100, 100::200, 0].tolist()
    assert (row[0], row[-1]) == (40, 48)
    assert row == sorted(row)
    assert sheet[300, 100, 0] == 80


def test_an_empty_strip_is_still_a_picture() -> None:
    assert cv2.imdecode(np.frombuffer(Strip().png(), np.uint8), cv2.IMREAD_COLOR) is not None


def test_a_thumbnail_keeps_the_colours_in_order() -> None:
    image = np.zeros((512, 640, 3), np.uint8)
    image[..., 0] = 200
    assert thumbnail(image)[80, 100].tolist() == [200, 0, 0]


def test_the_page_needs_no_other_file_and_trusts_no_text() -> None:
    bad = report(*MIXED)
    bad.objects = "<script>alert(1)</script>"
    bad.episodes[0] = record(0, Outcome.FAILURE, text="<b>")
    html = page(bad, {0: b"jpeg", 3: b"jpeg"}, Path())
    assert "<script>" not in html
    assert "<b>" not in html
    assert re.findall(r'(?:src|href)="(?!data:)', html) == []
    assert "default-src 'none'" in html
    assert html.count("data:image/jpeg") == 2
    assert html.count('<tr class="') == len(MIXED) + 2
    well_formed(html)


class Tags(HTMLParser):
    """Checks that every element that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag not in ("meta", "img", "circle", "line", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("circle", "line", "rect"):
            assert self.open.pop() == tag


def well_formed(html: str) -> None:
    parser = Tags()
    parser.feed(html)
    assert parser.open == []


def judged(index: int, outcome: Outcome, second: Outcome, **other: object) -> GraspRecord:
    said = (
        Judgement(Source.SIMULATOR, outcome, "", (1,) if outcome is Outcome.SUCCESS else (), 1),
        Judgement(Source.GRIPPER_OPENING, second, "jaw at 20 mm"),
    )
    names = ("cube", "cup", "can")
    return record(index, outcome, sources=said, object_names=names, **other)


def two_robots() -> Report:
    good, bad = Outcome.SUCCESS, Outcome.FAILURE
    found = report()
    found.wanted, found.robots = 5, ("robot_1", "robot_2")
    for index, (outcome, second) in enumerate(
        [(good, good), (bad, good), (bad, bad), (good, good)]
    ):
        robot = found.robots[index % 2]
        found.add(judged(index, outcome, second, robot=robot, last_q=0.15 + 0.2 * index))
    return found


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


def test_the_page_of_two_robots_tells_them_apart() -> None:
    html = page(two_robots(), {}, Path())
    for part in ("By robot", "robot_2", "Do the judges agree?", "cup", "<svg", "1 of 2 = 50.0%"):
        assert part in html
    well_formed(html)


def test_the_page_links_each_grasp_to_its_bag(tmp_path: Path) -> None:
    bag = tmp_path / "my bags" / "episode_1_robot-2_ab12cd34"
    bag.mkdir(parents=True)
    found = report()
    found.add(record(0, Outcome.SUCCESS, recording=str(bag)))
    found.add(record(1, Outcome.FAILURE))
    folder = tmp_path / "runs" / "one"
    html = page(found, {0: b"jpeg"}, folder)
    (target,) = re.findall(r'href="([^"]*)"', html)
    assert target.startswith("../../")
    assert (folder / unquote(target)).resolve() == bag
    assert f">{bag.name}</a>" in html
    assert "<td>-</td></tr>" in html
    assert 'colspan="11"' in html
    assert "recording" not in page(report(*MIXED), {}, folder)
    well_formed(html)


def test_a_run_without_a_valid_grasp_has_no_rate() -> None:
    html = page(report(Outcome.INVALID), {}, Path())
    assert "no valid grasp" in html
    assert "%" not in html.split("<table>")[0].split("</style>")[1]
    well_formed(html)


def test_a_run_folder_holds_all_three_files_and_is_the_latest(tmp_path: Path) -> None:
    first = RunFolder.begin(tmp_path / "runs", "sim", STARTED)
    second = RunFolder.begin(tmp_path / "runs", "sim", STARTED)
    assert first.path != second.path
    second.add_row(0, row(10))
    second.write(report(*MIXED))
    latest = tmp_path / "runs" / "latest"
    assert latest.is_symlink()
    assert latest.resolve() == second.path.resolve()
    found = {path.name for path in latest.iterdir()}
    assert found == {"report.json", "strip.png", "report.html", "strips"}


def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    folder = RunFolder.begin(tmp_path, "../../etc/x y", STARTED)
    assert folder.path.parent == tmp_path


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file in the way")
    with pytest.raises(ConfigError, match="set run_directory"):
        RunFolder.begin(tmp_path / "runs", "sim", STARTED)
    (tmp_path / "other" / "latest").mkdir(parents=True)
    with pytest.raises(ConfigError, match="set run_directory"):
        RunFolder.begin(tmp_path / "other", "sim", STARTED)
