# SPDX-License-Identifier: Apache-2.0
"""Shards and logs become a domain's data; what cannot be used is left out and named."""

import shutil
from pathlib import Path

import pytest
import torch
from toy_domains import PROJECTION, real_episode, write_real

from rlcg_core.errors import DataError
from rlcg_train import logged
from rlcg_train.adapt import domain_files
from rlcg_train.adapt.ranges import to_signed
from rlcg_train.from_logs import make_shards
from rlcg_train.shards import write_shard


def test_only_the_first_episodes_are_read_when_few_are_asked_for(toy_folder: Path) -> None:
    few = domain_files.load([toy_folder / "real" / "shards"], 59, episodes=7)
    everything = domain_files.load([toy_folder / "real" / "shards"], 59)
    assert (few.episodes, everything.episodes) == (7, 40)
    assert torch.equal(few.pictures, everything.pictures[: len(few.pictures)])


def test_a_broken_shard_is_left_out_counted_and_named(toy_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_folder / "sim", tmp_path / "sim")
    (tmp_path / "sim" / "00001.npz").write_bytes(b"no zip")
    found = domain_files.load([tmp_path / "sim"], 59)
    assert list(found.left_out) == ["00001.npz"]
    (tmp_path / "sim" / "00000.npz").write_bytes(b"no zip")
    with pytest.raises(DataError, match="no usable shard"):
        domain_files.load([tmp_path / "sim"], 59)


def test_a_shard_without_frames_is_passed_over(toy_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_folder / "sim", tmp_path / "sim")
    write_shard(tmp_path / "sim" / "00001.npz", {}, "drawn", PROJECTION)
    assert domain_files.load([tmp_path / "sim"], 59).episodes == 40


def test_broken_and_foreign_episodes_are_left_out_and_named(tmp_path: Path) -> None:
    for seed in range(3):
        logged.write(tmp_path / "log" / f"{seed:05d}", real_episode(seed))
    (tmp_path / "log" / "00000" / "000.jpg").write_bytes(b"no picture")
    described = tmp_path / "log" / "00002" / "episode.json"
    text = described.read_text()
    mark = '"spec_fingerprint": "'
    start = text.index(mark) + len(mark)
    described.write_text(text[:start] + "f00" + text[start + 3 :])
    left_out = make_shards([tmp_path / "log"], tmp_path / "shards")
    assert set(left_out) == {"00000", "00002"}
    assert domain_files.load([tmp_path / "shards"], 59).episodes == 1


def test_pictures_become_smaller_by_means(toy_folder: Path) -> None:
    full = domain_files.load([toy_folder / "sim"], 236).pictures.float()
    small = domain_files.load([toy_folder / "sim"], 118).pictures.float()
    means = full.reshape(*full.shape[:2], 118, 2, 118, 2).mean(dim=(3, 5))
    assert (small - means).abs().max() <= 0.5
    with pytest.raises(DataError, match="divisor of 236"):
        domain_files.load([toy_folder / "sim"], 100)


def test_real_shards_hold_what_the_log_says(tmp_path: Path) -> None:
    assert write_real(tmp_path, 5) == {}
    data = domain_files.load([tmp_path / "shards"], 236)
    episode = real_episode(0)
    assert data.rows.goal[0].tolist() == pytest.approx(
        episode.frames[1].tool_pose[[0, 1, 3]].tolist(), abs=1e-6
    )
    assert to_signed(data.pictures).abs().max() <= 1.0
