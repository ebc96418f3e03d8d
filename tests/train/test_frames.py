# SPDX-License-Identifier: Apache-2.0
"""Stored frames and recorded episodes, without a simulator."""

import json
from pathlib import Path

import numpy as np
import pytest
from small_network import drawn_frame

from rlcg_core import stored_frames
from rlcg_core.bundle import Bundle
from rlcg_core.errors import DataError
from rlcg_train import episodes, frames
from rlcg_train.graph_search import GraphSearch
from rlcg_train.judge import Judge, complete_graph
from rlcg_train.seen_frame import SeenFrame, graph_inputs

SEEN = [drawn_frame(k) for k in (1, 2)]


def same(one: SeenFrame, other: SeenFrame) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one))


def test_frames_are_stored_with_what_the_exact_graph_chose(model: Bundle) -> None:
    made = frames.store(model, SEEN, "drawn", seed=5)
    assert frames.store(model, SEEN, "drawn", seed=5).digest == made.digest
    assert frames.store(model, SEEN, "drawn", seed=6).digest != made.digest
    full = model.manifest.graphs[0]
    search = GraphSearch(model, full, model.graph_bytes)
    for seen, stored in zip(SEEN, made.frames, strict=True):
        np.testing.assert_array_equal(stored_frames.unpack(stored.image), seen.image_hwc)
        inputs = graph_inputs(model.manifest, seen, np.zeros(search.noise_shape, np.float32))
        found = search.choose(inputs, stored.noise_seed)
        assert (found.goal, found.q_value) == (stored.goal, stored.q_value)
        assert len(stored.other_q_values) >= 3
        assert max(stored.other_q_values) - min(stored.other_q_values) > 0.0


def test_every_exact_graph_gives_a_sample_the_same_q(model: Bundle) -> None:
    stored = frames.store(model, SEEN, "drawn", seed=5).frames[0]
    for form in model.manifest.graphs:
        search = GraphSearch(model, form, complete_graph(model, form))
        noise = np.zeros(search.noise_shape, np.float32)
        inputs = graph_inputs(model.manifest, SEEN[0], noise)
        assert search.q_of(inputs, stored.goal) == pytest.approx(stored.q_value, abs=1e-5)


def test_the_exact_graph_has_no_regret_and_a_smaller_search_some(model: Bundle) -> None:
    judge = Judge(frames.store(model, SEEN, "drawn", seed=5))
    full, small = model.manifest.graphs[0], model.manifest.graphs[-1]
    exact = judge.regret(full, model.graph_bytes)
    assert (exact.same_share, exact.frames) == (1.0, 2)
    assert exact.p95 == pytest.approx(0.0, abs=1e-5)
    assert judge.regret(small, complete_graph(model, small)).mean > 0.0


def test_no_frames_are_not_stored(model: Bundle) -> None:
    with pytest.raises(DataError, match="no frames"):
        frames.store(model, [], "nowhere", seed=1)


def test_an_episode_is_read_as_it_was_written(tmp_path: Path) -> None:
    episodes.write(tmp_path / "00000", "drawn", SEEN)
    episodes.write(tmp_path / "00001", "drawn", SEEN[:1])
    (tmp_path / "00002.part").mkdir()
    (tmp_path / "00002.part/episode.json").write_text("{}")
    found = episodes.find([tmp_path, tmp_path / "00001"])
    assert [path.name for path in found] == ["00000", "00001"]
    source, read = episodes.read(found[0])
    assert source == "drawn"
    assert all(same(a, b) for a, b in zip(read, SEEN, strict=True))


def test_an_episode_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="record-episodes"):
        episodes.find([tmp_path])
    episodes.write(tmp_path / "0", "drawn", SEEN[:1])
    plain = json.loads((tmp_path / "0/episode.json").read_text())
    (tmp_path / "0/episode.json").write_text(json.dumps({**plain, "spec_fingerprint": "other"}))
    with pytest.raises(DataError, match="spec other"):
        episodes.read(tmp_path / "0")
    (tmp_path / "0/episode.json").write_text(json.dumps(plain))
    (tmp_path / "0/000.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"000\.png is no readable picture"):
        episodes.read(tmp_path / "0")
    plain["steps"][0]["tool_pose"] = [0.0]
    (tmp_path / "0/episode.json").write_text(json.dumps(plain))
    with pytest.raises(DataError, match="tool_pose has 1 numbers, expected 4"):
        episodes.read(tmp_path / "0")
