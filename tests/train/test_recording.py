# SPDX-License-Identifier: Apache-2.0
"""Frames out of the simulator: stored in a bundle, and recorded as episodes."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from rlcg_core import bundle, stored_frames
from rlcg_core.bundle import Bundle
from rlcg_core.cell import ROBOT1
from rlcg_core.episode_files import EPISODE
from rlcg_core.errors import DataError
from rlcg_core.seeds import TRAINING_SEEDS
from rlcg_sim.description import find_urdf
from rlcg_train import episodes, recording
from rlcg_train.cli import main
from rlcg_train.qt_opt.seen_episodes import SeenEpisodes
from rlcg_train.simulated import Simulated


def test_episodes_are_recorded_once_and_as_they_would_be_again(tmp_path: Path) -> None:
    urdf = find_urdf(ROBOT1.urdf)
    first, second = recording.record(tmp_path / "a", 2, urdf, "tiny")
    written = (first / "000.png").stat().st_mtime_ns
    (second / EPISODE).rename(second / "lost.json")
    before = (second / "001.png").read_bytes()
    with pytest.raises(DataError, match="in the way"):
        recording.record(tmp_path / "a", 2, urdf, "tiny")
    shutil.rmtree(second)
    recording.record(tmp_path / "a", 2, urdf, "tiny")
    assert (first / "000.png").stat().st_mtime_ns == written
    assert (second / "001.png").read_bytes() == before
    source, frames = episodes.read(second)
    assert "renderer tiny" in source
    assert len(frames) >= 4
    assert not np.array_equal(frames[0].tool_pose, frames[-1].tool_pose)
    assert all(frame.image_hwc.any() for frame in frames)


def test_whole_episodes_show_the_jaw_open_and_closed(tmp_path: Path) -> None:
    urdf = find_urdf(ROBOT1.urdf)
    (folder,) = recording.record(tmp_path, 1, urdf, "tiny", SeenEpisodes)
    source, frames = episodes.read(folder)
    assert "scripted episodes" in source
    assert {bool(frame.state[0]) for frame in frames} == {True, False}


def test_frames_of_training_scenes_are_stored(
    model: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[int] = []
    reset = Simulated.attempt

    def noting(self: Simulated, index: int, *more: object) -> object:
        used.append(index)
        return reset(self, index, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Simulated, "attempt", noting)
    arguments = ["frames", "--model", str(model.folder), "--frames", "2", "--renderer", "tiny"]
    assert main(arguments) == 0
    found = bundle.load(model.folder)
    assert len(found.frames) == 2
    assert all(TRAINING_SEEDS.start + index in TRAINING_SEEDS for index in used)
    images = [stored_frames.unpack(frame.image) for frame in found.frames]
    assert not np.array_equal(*images)
    assert found.graph_bytes == model.graph_bytes
