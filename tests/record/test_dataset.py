# SPDX-License-Identifier: Apache-2.0
import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import tiny_model
from episodes_bench import observation, picture, write_bag

from rlcg_core import spec
from rlcg_core.bundle import Bundle
from rlcg_core.errors import DataError
from rlcg_core.reasons import Outcome
from rlcg_record import episode_folder
from rlcg_record.commands import dataset


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny")


def test_bags_become_episodes_with_what_the_policy_saw_and_did(
    tmp_path: Path, tiny: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bag(tmp_path / "bags" / "a", tiny, episode_id="good")
    write_bag(tmp_path / "bags" / "b", tiny, episode_id="bad", outcome=Outcome.FAILURE, seed=9)
    write_bag(tmp_path / "bags" / "c", tiny, episode_id="unjudged", outcome=None)
    assert dataset([str(tmp_path / "bags"), "--out", str(tmp_path / "set")]) == 0
    assert "3 episodes" in capsys.readouterr().out
    good = episode_folder.read(tmp_path / "set" / "good")
    assert good.outcome is Outcome.SUCCESS
    assert good.judge == "simulator"
    assert good.about["model_digest"] == tiny.digest
    assert good.about["seed"] == "5"
    assert [good.reward(k) for k in range(4)] == [0.0, 0.0, 0.0, 1.0]
    for number, step in enumerate(good.steps):
        seen = observation(number, 10.0 + number)
        np.testing.assert_array_equal(step.image_hwc, seen.image_hwc)
        assert step.tool_pose == (*seen.tool_pose.position_m, seen.tool_pose.yaw_rad)
        assert step.state == (0.0, seen.height_above_tray_m)
        assert step.projection == tuple(seen.projection_base_to_px.ravel())
        spec.check_action(step.action)
    bad = episode_folder.read(tmp_path / "set" / "bad")
    assert [bad.reward(k) for k in range(4)] == [0.0] * 4
    unjudged = episode_folder.read(tmp_path / "set" / "unjudged")
    assert unjudged.reward(3) is None


def test_episode_json_has_exactly_what_the_readers_of_training_take(
    tmp_path: Path, tiny: Bundle
) -> None:
    write_bag(tmp_path / "a", tiny)
    dataset([str(tmp_path / "a"), "--out", str(tmp_path / "set")])
    said = json.loads((tmp_path / "set" / "one" / "episode.json").read_text())
    assert set(said) == {"source", "steps", "spec_fingerprint"}
    assert said["spec_fingerprint"] == spec.fingerprint()
    assert set(said["steps"][0]) == {"image", "state", "tool_pose", "projection"}
    assert [len(said["steps"][0][k]) for k in ("state", "tool_pose", "projection")] == [2, 4, 12]
    image = cv2.imread(str(tmp_path / "set" / "one" / said["steps"][1]["image"]))
    np.testing.assert_array_equal(image[:, :, ::-1], picture(1))


def test_what_is_written_is_read_back_to_the_last_bit(tmp_path: Path, tiny: Bundle) -> None:
    write_bag(tmp_path / "a", tiny)
    dataset([str(tmp_path / "a"), "--out", str(tmp_path / "set")])
    first = episode_folder.read(tmp_path / "set" / "one")
    episode_folder.write(tmp_path / "one", first)
    again = episode_folder.read(tmp_path / "one")
    for one, other in zip(first.steps, again.steps, strict=True):
        left, right = dataclasses.asdict(one), dataclasses.asdict(other)
        np.testing.assert_array_equal(left.pop("image_hwc"), right.pop("image_hwc"))
        assert left == right
    assert (first.outcome, first.judge, first.about) == (again.outcome, again.judge, again.about)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"images": {2: picture(77)}}, "not what the policy saw: step 2"),
        ({"images": {0: None}}, "is not in the bag"),
        ({"outcome": Outcome.INVALID}, "judged invalid by simulator"),
    ],
)
def test_an_episode_that_is_not_what_was_seen_is_refused(
    tmp_path: Path,
    tiny: Bundle,
    change: dict[str, object],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_bag(tmp_path / "bags" / "good", tiny, episode_id="good")
    write_bag(tmp_path / "bags" / "x", tiny, episode_id="x", **change)  # type: ignore[arg-type]
    assert dataset([str(tmp_path / "bags"), "--out", str(tmp_path / "set")]) == 1
    out = capsys.readouterr().out
    assert "refused x: " in out
    assert reason in out
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["good"]


def test_an_episode_is_taken_once_though_the_bag_of_a_fault_has_a_part_of_it_too(
    tmp_path: Path, tiny: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bag(tmp_path / "bags" / "episode", tiny)
    write_bag(tmp_path / "bags" / "fault", tiny, images={0: None})
    assert dataset([str(tmp_path / "bags"), "--out", str(tmp_path / "set")]) == 0
    assert "1 episodes" in capsys.readouterr().out
    assert len(list((tmp_path / "set").iterdir())) == 1


def test_a_folder_without_bags_and_an_episode_that_exists_are_errors(
    tmp_path: Path, tiny: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dataset([str(tmp_path), "--out", str(tmp_path / "set")]) == 1
    assert "no bag in" in capsys.readouterr().err
    write_bag(tmp_path / "a", tiny)
    assert dataset([str(tmp_path / "a"), "--out", str(tmp_path / "set")]) == 0
    assert dataset([str(tmp_path / "a"), "--out", str(tmp_path / "set")]) == 1
    assert "exists already" in capsys.readouterr().err
    (tmp_path / "set" / "one" / "002.png").write_bytes(b"")
    with pytest.raises(DataError, match="no readable picture"):
        episode_folder.read(tmp_path / "set" / "one")
