# SPDX-License-Identifier: Apache-2.0
"""A run that is cut off anywhere goes on without losing or repeating a grasp."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from fake_station import GOOD, FakeStation, open_run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlcg_core.errors import ConfigError
from rlcg_core.outcome_sources import Judgement, Source
from rlcg_core.reasons import Outcome
from rlcg_core.station import Attempt
from rlcg_policy import journal
from rlcg_policy.evaluation import Evaluation
from rlcg_policy.journal import Journal
from rlcg_policy.report.report import Report

SIMULATOR = (Source.SIMULATOR,)
RUN = {"protocol": "robot2_single_bin", "grasps": 1, "replacement": "without"}


class Repeatable(FakeStation):
    """Its attempts and truths follow from the wish alone, as in a simulator in lock-step."""

    def grasp(self, seed: int) -> Attempt:
        return replace(GOOD, steps=2 + seed % 5, last_q=seed % 7 / 7)

    def judge(self, sources: Sequence[Source]) -> tuple[Judgement, ...]:
        self.truths = [Outcome.SUCCESS if self.wishes[-1].seed % 3 else Outcome.FAILURE]
        return super().judge(sources)


class KilledError(BaseException):
    """The program is gone."""


def whole(folder: Path, **changed: object) -> Report:
    book, _ = open_run(folder, **{**RUN, **changed})
    Evaluation(Repeatable(), book, SIMULATOR).run()
    book.close()
    return book.report


def told(report: Report) -> dict:
    """Return the report without what differs from run to run."""
    plain = report.as_dict()
    for name in ("started", "duration_s", "sessions", "interrupted"):
        plain.pop(name)
    for row in plain["episodes"]:
        row.pop("duration_s")
        row.pop("tries")
    return plain


def cut(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_journal_cut_at_any_byte_leads_to_the_same_report(
    tmp_path: Path, data: st.DataObject
) -> None:
    if not (tmp_path / "whole").exists():
        whole(tmp_path / "whole")
    expected_path = next((tmp_path / "whole/runs").glob("2*")) / journal.FILE
    lines = expected_path.read_bytes()
    kept = data.draw(st.integers(lines.index(b"\n") + 1, len(lines)))
    shutil.rmtree(tmp_path / "cut", ignore_errors=True)
    shutil.copytree(tmp_path / "whole", tmp_path / "cut", symlinks=True)
    cut_path = tmp_path / "cut/runs" / expected_path.parent.name / journal.FILE
    cut(cut_path, kept)
    expected = json.loads((expected_path.parent / "report.json").read_text())
    resumed = whole(tmp_path / "cut", resume="latest")
    assert [one.index for one in resumed.episodes] == list(range(resumed.wanted))
    assert told(resumed)["episodes"] == [
        {k: v for k, v in row.items() if k not in ("duration_s", "tries")}
        for row in expected["episodes"]
    ]
    # And a second interruption would find a journal in order.
    assert sorted(journal.read(cut_path).grasps) == list(range(resumed.wanted))


def test_an_attempt_that_was_cut_off_is_made_again_and_counted(tmp_path: Path) -> None:
    class Dies(Repeatable):
        def grasp(self, seed: int) -> Attempt:
            if len(self.wishes) == 3:
                raise KilledError
            return super().grasp(seed)

    book, _ = open_run(tmp_path, **RUN)
    with pytest.raises(KilledError):
        Evaluation(Dies(), book, SIMULATOR).run()
    book.close()
    resumed = whole(tmp_path, resume="latest")
    assert [one.tries for one in resumed.episodes] == [1, 1, 2] + [1] * (resumed.wanted - 3)
    plain = resumed.as_dict()
    assert (plain["interrupted"], plain["sessions"], plain["complete"]) == (1, 2, True)
    assert told(resumed) == told(whole(tmp_path / "other"))


def test_the_next_scene_is_as_if_the_run_had_not_been_cut_off(tmp_path: Path) -> None:
    class Dies(Repeatable):
        def grasp(self, seed: int) -> Attempt:
            if len(self.wishes) == 2:
                raise KilledError
            return super().grasp(seed)

    straight, dying, resumed = Repeatable(), Dies(), Repeatable()
    book, _ = open_run(tmp_path / "straight", **RUN)
    Evaluation(straight, book, SIMULATOR).run()
    book, _ = open_run(tmp_path / "cut", **RUN)
    with pytest.raises(KilledError):
        Evaluation(dying, book, SIMULATOR).run()
    book.close()
    book, _ = open_run(tmp_path / "cut", **RUN, resume="latest")
    Evaluation(resumed, book, SIMULATOR).run()
    assert resumed.wishes == straight.wishes[1:]


def test_a_complete_run_has_nothing_left_to_do(tmp_path: Path) -> None:
    whole(tmp_path)
    again = Repeatable()
    book, folder = open_run(tmp_path, **RUN, resume="latest")
    Evaluation(again, book, SIMULATOR).run()
    book.close()
    assert again.wishes == []
    assert (folder.path / "report.html").stat().st_size > 1000


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"seed": 6}, "seed is 6, the journal says 5"),
        ({"grasps": 2}, "grasps is 2"),
        ({"protocol": "robot1"}, "protocol is 'robot1'"),
        ({"objects": "others"}, "objects is 'others'"),
        ({"outcome_sources": ("operator",)}, "sources is"),
        ({"robots": ("a", "b")}, "robots is"),
        ({"replacement": "with"}, "replacement is 'with'"),
    ],
)
def test_another_run_is_not_gone_on_with(tmp_path: Path, changed: dict, field: str) -> None:
    whole(tmp_path)
    with pytest.raises(ConfigError, match="another run") as refused:
        open_run(tmp_path, **{**RUN, **changed}, resume="latest")
    assert field in str(refused.value)


def test_another_model_is_not_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole(tmp_path)
    monkeypatch.setattr("fake_station.MODEL", ("tiny", "ffffffffffffffff"))
    with pytest.raises(ConfigError, match="model_digest is 'ffffffffffffffff'"):
        open_run(tmp_path, **RUN, resume="latest")


def test_only_one_program_writes_a_journal(tmp_path: Path) -> None:
    first = Journal(tmp_path / journal.FILE)
    with pytest.raises(ConfigError, match="another evaluation writes"):
        Journal(tmp_path / journal.FILE)
    first.close()
    Journal(tmp_path / journal.FILE).close()


def test_a_journal_that_was_changed_is_refused_by_its_line(tmp_path: Path) -> None:
    whole(tmp_path)
    path = next((tmp_path / "runs").glob("2*")) / journal.FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"{oops\n", *lines[1:]]))
    with pytest.raises(ConfigError, match="line 2 is no JSON"):
        journal.read(path)
    path.write_bytes(b"")
    with pytest.raises(ConfigError, match="tells of no run"):
        journal.read(path)
    with pytest.raises(ConfigError, match="no journal at"):
        journal.read(tmp_path / "nothing")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        open_run(tmp_path, **RUN, resume="yesterday")
