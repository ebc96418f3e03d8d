# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny_model
from episodes_bench import observation, write_bag

from rlcg_core import spec
from rlcg_core.bundle import Bundle
from rlcg_core.reasons import Outcome
from rlcg_record import lerobot
from rlcg_record.commands import dataset

IMAGE = "observation.images.camera"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, tiny: Bundle) -> Path:
    """Return a data set of two judged episodes, of 3 and 4 steps, in that order."""
    folder = tmp_path_factory.mktemp("lerobot")
    write_bag(folder / "bags" / "a", tiny, steps=3, episode_id="a")
    write_bag(folder / "bags" / "b", tiny, episode_id="b", outcome=Outcome.FAILURE)
    words = [str(folder / "bags"), "--out", str(folder / "set"), "--format", "lerobot"]
    assert dataset([*words, "--fps", "4"]) == 0
    return folder / "set"


def rows(folder: Path) -> list[dict[str, Any]]:
    (path,) = folder.glob("data/chunk-000/file-*.parquet")
    return pq.read_table(path).to_pylist()


def test_frames_states_and_actions_come_back_from_the_parquet_file(exported: Path) -> None:
    found = rows(exported)
    assert [row["index"] for row in found] == list(range(7))
    assert [row["episode_index"] for row in found] == [0, 0, 0, 1, 1, 1, 1]
    assert [row["frame_index"] for row in found] == [0, 1, 2, 0, 1, 2, 3]
    assert [row["timestamp"] for row in found[:3]] == [0.0, 0.25, 0.5]
    assert [row["next.done"] for row in found] == [False] * 2 + [True] + [False] * 3 + [True]
    assert [row["next.reward"] for row in found] == [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert [row["next.success"] for row in found] == [False] * 2 + [True] + [False] * 4
    for row in found[:3]:
        seen = observation(row["frame_index"], 0.0)
        image = cv2.imdecode(np.frombuffer(row[IMAGE]["bytes"], np.uint8), cv2.IMREAD_COLOR)
        np.testing.assert_array_equal(image[:, :, ::-1], seen.image_hwc)
        assert len(row["action"]) == spec.ACTION_DIM
        expected = [0.0, seen.height_above_tray_m, *seen.tool_pose.position_m, 0.4]
        np.testing.assert_allclose(row["observation.state"], expected, rtol=1e-6)


def test_info_names_every_column_with_its_type_and_shape(exported: Path) -> None:
    info = json.loads((exported / "meta/info.json").read_text())
    assert info["codebase_version"] == "v3.0"
    assert (info["total_episodes"], info["total_frames"], info["fps"]) == (2, 7, 4)
    assert info["splits"] == {"train": "0:2"}
    assert info["robot_type"] == "bench"
    path = info["data_path"].format(chunk_index=0, file_index=0)
    schema = pq.read_schema(exported / path)
    assert schema.names == list(info["features"])
    assert schema.field("action").type == pa.list_(pa.float32(), 8)
    assert schema.field(IMAGE).type == pa.struct({"bytes": pa.binary(), "path": pa.string()})
    assert info["features"]["action"]["names"] == list(spec.ACTION_NAMES)
    hugging = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert hugging[IMAGE] == {"_type": "Image"}
    for name in ("timestamp", "frame_index", "episode_index", "index", "task_index"):
        assert info["features"][name]["shape"] == [1]


def test_each_episode_is_a_row_group_that_the_episode_table_points_to(exported: Path) -> None:
    episodes = pq.read_table(exported / "meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert [(e["dataset_from_index"], e["dataset_to_index"]) for e in episodes] == [(0, 3), (3, 7)]
    assert [e["length"] for e in episodes] == [3, 4]
    file = pq.ParquetFile(exported / "data/chunk-000/file-000.parquet")
    for number, episode in enumerate(episodes):
        index = file.read_row_group(number, ["index"]).column("index").to_pylist()
        start, stop = episode["dataset_from_index"], episode["dataset_to_index"]
        assert index == list(range(start, stop))
    tasks = pq.read_table(exported / "meta/tasks.parquet")
    assert tasks.to_pylist() == [{"task_index": 0, "task": episodes[0]["tasks"][0]}]
    assert json.loads(tasks.schema.metadata[b"pandas"])["index_columns"] == ["task"]


def test_the_statistics_are_those_of_the_data(exported: Path) -> None:
    stats, found = json.loads((exported / "meta/stats.json").read_text()), rows(exported)
    actions = np.array([row["action"] for row in found])
    np.testing.assert_allclose(stats["action"]["mean"], actions.mean(axis=0), atol=1e-7)
    np.testing.assert_allclose(stats["action"]["std"], actions.std(axis=0), atol=1e-6)
    np.testing.assert_allclose(stats["action"]["max"], actions.max(axis=0), atol=1e-7)
    assert stats["action"]["count"] == stats[IMAGE]["count"] == [7]
    images = np.array([observation(row["frame_index"], 0.0).image_hwc for row in found]) / 255.0
    mean = np.array(stats[IMAGE]["mean"])
    assert mean.shape == (3, 1, 1)
    np.testing.assert_allclose(mean.ravel(), images.mean(axis=(0, 1, 2)), atol=1e-9)


def test_episodes_that_nobody_judged_are_exported_only_without_rewards(
    tmp_path: Path, tiny: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bag(tmp_path / "a", tiny, steps=2, outcome=None)
    words = [str(tmp_path / "a"), "--format", "lerobot", "--out"]
    assert dataset([*words, str(tmp_path / "none")]) == 1
    assert "nobody judged it" in capsys.readouterr().out
    assert dataset([*words, str(tmp_path / "set"), "--no-rewards"]) == 0
    assert "next.reward" not in rows(tmp_path / "set")[0]


def test_a_full_file_is_followed_by_another(
    tmp_path: Path, tiny: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lerobot, "FILE_BYTES", 1_000_000)
    for name in ("a", "b"):
        write_bag(tmp_path / "bags" / name, tiny, steps=2, episode_id=name)
    words = [str(tmp_path / "bags"), "--out", str(tmp_path / "set"), "--format", "lerobot"]
    assert dataset(words) == 0
    files = sorted((tmp_path / "set" / "data" / "chunk-000").iterdir())
    assert [pq.read_metadata(path).num_rows for path in files] == [2, 2]
    episodes = pq.read_table(tmp_path / "set/meta/episodes/chunk-000/file-000.parquet")
    assert episodes.column("data/file_index").to_pylist() == [0, 1]
