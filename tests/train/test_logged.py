# SPDX-License-Identifier: Apache-2.0
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy_log import toy_episode

from rlcg_core import spec
from rlcg_core.episode_files import DECISIONS, EPISODE
from rlcg_core.errors import DataError
from rlcg_core.reasons import Outcome
from rlcg_record import episode_folder
from rlcg_train import dataset, from_logs, logged


def test_what_is_logged_is_read_again(tmp_path: Path) -> None:
    made = toy_episode()
    logged.write(tmp_path / "0", made)
    found = logged.read(tmp_path / "0")
    assert found.decisions == made.decisions
    assert (found.outcome, found.judge, found.about) == (made.outcome, made.judge, made.about)
    np.testing.assert_array_equal(found.frames[1].tool_pose, made.frames[1].tool_pose)
    off = np.abs(found.frames[1].image_hwc.astype(int) - made.frames[1].image_hwc)
    assert off.mean() < 2.0
    assert [one.reward for one in found.decisions] == [0.0, 0.0, 1.0]


def test_it_is_the_format_of_recorded_bags(tmp_path: Path) -> None:
    made = toy_episode(outcome=Outcome.FAILURE)
    logged.write(tmp_path / "0", made)
    record = episode_folder.read(tmp_path / "0")
    assert record.outcome is Outcome.FAILURE
    assert [step.action for step in record.steps] == [one.action for one in made.decisions]
    episode_folder.write(tmp_path / "1", record)
    assert logged.read(tmp_path / "1").decisions == made.decisions


def break_json(folder: Path) -> None:
    path = folder / DECISIONS
    path.write_text(path.read_text()[:-40])


def drop_decision(folder: Path) -> None:
    path = folder / DECISIONS
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "decisions": told["decisions"][:-1]}))


def shorten_action(folder: Path) -> None:
    path = folder / DECISIONS
    told = json.loads(path.read_text())
    told["decisions"][1]["action"].pop()
    path.write_text(json.dumps(told))


def name_no_outcome(folder: Path) -> None:
    path = folder / DECISIONS
    path.write_text(path.read_text().replace("SUCCESS", "MAYBE"))


def cut_picture(folder: Path) -> None:
    path = folder / "001.jpg"
    path.write_bytes(path.read_bytes()[:200])


def of_another_spec(folder: Path) -> None:
    path = folder / EPISODE
    path.write_text(path.read_text().replace(spec.fingerprint(), "0" * 16))


def lead_out_of_the_folder(folder: Path) -> None:
    path = folder / EPISODE
    path.write_text(path.read_text().replace("001.jpg", "../001.jpg"))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lead_out_of_the_folder, "expected the plain name of a file"),
        (break_json, "not readable JSON"),
        (drop_decision, "3 frames and 2 decisions"),
        (shorten_action, "action 1 has 7 numbers, expected 8"),
        (name_no_outcome, "outcome is 'MAYBE'"),
        (cut_picture, "001.jpg is no readable picture"),
        (of_another_spec, "is of spec 0000"),
    ],
)
def test_a_broken_episode_is_refused_and_left_out(
    tmp_path: Path, harm: Callable[[Path], None], message: str
) -> None:
    log, out = tmp_path / "log", tmp_path / "shards"
    logged.write(log / "0", toy_episode())
    logged.write(log / "1", toy_episode())
    harm(log / "1")
    with pytest.raises(DataError, match=message):
        logged.read(log / "1")
    skipped = from_logs.make_shards([log], out)
    assert list(skipped) == ["1"]
    assert len(dataset.load([out])) == 1


def test_shards_of_a_growing_log_hold_its_first_episodes_only(tmp_path: Path) -> None:
    for name in ("0", "1", "2"):
        logged.write(tmp_path / "log" / name, toy_episode())
    assert not from_logs.make_shards([tmp_path / "log"], tmp_path / "shards", at_most=2)
    assert len(dataset.load([tmp_path / "shards"])) == 2


def test_shards_pair_what_was_seen_before_closing_with_where_it_closed(tmp_path: Path) -> None:
    logged.write(tmp_path / "log" / "0", toy_episode())
    assert not from_logs.make_shards([tmp_path / "log"], tmp_path / "shards")
    data = dataset.load([tmp_path / "shards"])
    assert data.success.tolist() == [1.0]
    np.testing.assert_allclose(data.grasp_pose[0], (0.6, 0.05, 0.3), rtol=1e-6)
    np.testing.assert_allclose(data.tool_pose[0], (0.5, 0.0, 0.2, 0.0), rtol=1e-6)


def test_an_episode_that_nobody_judged_or_that_never_closes_teaches_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not judged"):
        from_logs.as_attempt(toy_episode(outcome=Outcome.UNKNOWN), tmp_path)
    made = toy_episode()
    opened = tuple(replace(one, action=made.decisions[0].action) for one in made.decisions)
    with pytest.raises(DataError, match="never closes"):
        from_logs.as_attempt(replace(made, decisions=opened), tmp_path)
    with pytest.raises(DataError, match="first step"):
        from_logs.as_attempt(replace(made, decisions=made.decisions[1:2] * 3), tmp_path)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    logged.write(tmp_path / "0", toy_episode())
    with pytest.raises(DataError, match="in the way"):
        logged.write(tmp_path / "0", toy_episode())
