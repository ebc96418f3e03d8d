# SPDX-License-Identifier: Apache-2.0
"""The way from image to command: the real policy_node, a camera, DDS between them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_model

from rlcg_bench import latency
from rlcg_bench.latency import Setting
from rlcg_bench.latency_record import LatencyRecord
from rlcg_bench.moving_picture import MovingPicture
from rlcg_core import bundle
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import DataError, WorldError
from rlcg_core.rule import RuleParameters


@pytest.mark.slow
def test_a_command_follows_its_image_by_little_more_than_the_step() -> None:
    section = latency.measure([Setting("robot1_grasp_success", frames=60, joint_rate_hz=200.0)])
    (row,) = section.rows
    assert row["frames"] == 60
    # As much slack as a machine needs that does other things beside.
    for bar in section.bars:
        assert bar.found is not None
        assert bar.found < 5.0 * bar.limit


@pytest.mark.slow
def test_episodes_that_end_by_themselves_are_begun_again(tmp_path: Path) -> None:
    made = tiny_model.write(tmp_path / "tiny")
    # Wherever the tool stands, it is at its goal and on the ground: the rule closes and ends.
    hasty = RuleParameters(align_tolerance_m=10.0, align_tolerance_rad=10.0)
    bundle.write(made.folder, replace(made.manifest, rule=hasty), made.golden)
    found = latency.record(Setting(str(made.folder), frames=20))
    assert found.episodes > 1
    assert len(found.step_ms) == len(found.image_to_command_ms) >= 20
    assert len(found.round_trip_ms) >= 20


@pytest.mark.slow
def test_a_model_that_is_not_there_is_told_in_one_line() -> None:
    with pytest.raises(WorldError, match=r"policy_node.*no_such_model"):
        latency.record(Setting("no_such_model", frames=1))


def test_the_bars_are_of_the_median_and_the_tail() -> None:
    delays_ms = [20.0] * 98 + [50.0] * 2
    found = LatencyRecord(step_ms=[12.0] * 100, run_ms=[11.5] * 100, image_to_command_ms=delays_ms)
    extra, tail, outside = latency.bars(Setting("model"), found)
    assert (extra.found, extra.holds) == (8.0, True)
    assert (tail.found, tail.holds) == (2.5, False)
    assert (outside.found, outside.holds) == (0.5, True)


def test_nothing_measured_holds_no_bar() -> None:
    assert [bar.holds for bar in latency.bars(Setting("model"), LatencyRecord())] == [None] * 3


def test_a_file_that_is_no_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text('{"step_s": []}')
    with pytest.raises(DataError, match=r"record\.json is no record"):
        LatencyRecord.read(path)


def test_no_two_pictures_are_alike() -> None:
    picture = MovingPicture(ROBOT1.camera)
    frames = [picture.frame(index) for index in (0, 1, 2, 512, 512 * 512)]
    assert frames[0].shape == (512, 640, 3)
    assert len({frame.tobytes() for frame in frames}) == len(frames)
    np.testing.assert_array_equal(picture.frame(1), frames[1])
