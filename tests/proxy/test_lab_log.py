# SPDX-License-Identifier: Apache-2.0
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rlcg_core import spec
from rlcg_core.camera import project
from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import Outcome
from rlcg_core.robots import ROBOTS
from rlcg_core.types import Observation, ToolPose
from rlcg_proxy.lab_log import LogSettings, fill_log
from rlcg_proxy.lab_script import LabScript
from rlcg_sim.description import find_urdf
from rlcg_train import logged

PROJECTION = ROBOT1.camera.projection_base_to_px()
PLACE_M = np.array([0.60, -0.08, 0.02])


def observation(image_hwc: np.ndarray) -> Observation:
    pose = ToolPose(np.array([0.5, 0.0, 0.2]), 0.0)
    return Observation(image_hwc, False, 0.2, pose, PROJECTION, 0.0)


def chosen(script: LabScript, image_hwc: np.ndarray, seed: int) -> np.ndarray:
    """Return x, y, yaw of the goal that the script takes."""
    script.reset(seed)
    goal = script.decide(observation(image_hwc)).goal
    assert goal is not None
    return np.array([*goal.position_m[:2], goal.yaw_rad])


def test_the_script_grasps_mostly_where_the_picture_changed() -> None:
    empty = np.full((spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX, 3), 90, np.uint8)
    filled = empty.copy()
    x, y = np.rint(project(PROJECTION, PLACE_M[None])[0]).astype(int)
    filled[y - 12 : y + 12, x - 12 : x + 12] = 200
    script = LabScript(ROBOTS["robot1"])
    script.see_empty(empty)
    goals = np.array([chosen(script, filled, seed) for seed in range(200)])
    near = np.linalg.norm(goals[:, :2] - PLACE_M[:2], axis=1) < 0.05
    assert 0.45 < np.mean(near) < 0.75
    assert np.std(goals[:, 2]) > 0.6
    np.testing.assert_array_equal(chosen(script, filled, 7), goals[7])


def test_a_script_that_sees_no_change_grasps_anywhere_in_the_bin() -> None:
    empty = np.full((spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX, 3), 90, np.uint8)
    script = LabScript(ROBOTS["robot1"])
    script.see_empty(empty)
    goals = np.array([chosen(script, empty, seed) for seed in range(100)])
    half_m = 0.5 * np.array(ROBOT1.bin.inner_size_xy_m)
    assert np.all(np.abs(goals[:, :2] - ROBOT1.bin.centre_xy_m) < half_m)
    assert np.all(np.std(goals[:, :2], axis=0) > 0.05)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> LogSettings:
    made = LogSettings(
        tmp_path_factory.mktemp("log"), find_urdf(ROBOT1.urdf), episodes=2, workers=1
    )
    fill_log(made)
    return made


@pytest.mark.slow
def test_a_log_holds_whole_episodes_and_no_poses_of_objects(settings: LogSettings) -> None:
    folders = sorted(settings.out.iterdir())
    assert [folder.name for folder in folders] == ["000000", "000001"]
    for folder in folders:
        episode = logged.read(folder)
        assert episode.source == "real_proxy, objects proxy_train, lab script"
        assert episode.about == {"policy": "lab script"}
        np.testing.assert_array_equal(episode.frames[0].projection, PROJECTION)
        for action in episode.actions:
            spec.check_action(action)
        done = [one.done for one in episode.decisions]
        assert done == [False] * (len(done) - 1) + [True]
        total = sum(one.reward or 0.0 for one in episode.decisions)
        assert total == float(episode.outcome is Outcome.SUCCESS)
        assert sum(path.stat().st_size for path in folder.iterdir()) < 1.3e6
    first, second = (logged.read(folder).frames[0].image_hwc.astype(int) for folder in folders)
    assert np.mean(np.abs(first - second)) > 5


@pytest.mark.slow
def test_a_log_goes_on_where_it_stopped_and_a_number_is_one_episode(settings: LogSettings) -> None:
    kept, lost = settings.out / "000000", settings.out / "000001"
    before = {path.name: path.read_bytes() for path in lost.iterdir()}
    written_ns = (kept / "episode.json").stat().st_mtime_ns
    shutil.rmtree(lost)
    (settings.out / "000001.part").mkdir()
    fill_log(settings)
    assert {path.name: path.read_bytes() for path in lost.iterdir()} == before
    assert (kept / "episode.json").stat().st_mtime_ns == written_ns
    other = replace(settings, out=Path(f"{settings.out}_2"), first=1, episodes=1)
    fill_log(other)
    found = {path.name: path.read_bytes() for path in (other.out / "000001").iterdir()}
    assert found == before
