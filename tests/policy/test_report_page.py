# SPDX-License-Identifier: Apache-2.0
"""The report's page: it needs no other file, trusts no text, and closes what it opens."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from report_examples import MIXED, record, report, two_robots

from rlcg_core.reasons import Outcome
from rlcg_policy.report.page import page


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
