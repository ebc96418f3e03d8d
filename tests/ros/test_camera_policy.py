# SPDX-License-Identifier: Apache-2.0
"""camera_node as the policy's eye, in a cell without physics: raw, compressed, and unplugged."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tiny_model
from mock_cell import POLICY, MockCell
from pictures import write_folder
from processes import parameters

from rlcg_core.calibration import pinhole
from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import TerminationReason as Reason
from rlcg_policy.camera.calibration_file import write_calibration

EYE = ("-r", "image_raw:=/eye/image_raw", "-r", "camera_info:=/eye/camera_info")


class SeeingCell(MockCell):
    """A cell whose policy sees through camera_node, not through the simulation."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, lockstep=False)
        rng = np.random.default_rng(0)
        noise = [rng.integers(0, 256, (512, 640, 3), dtype=np.uint8) for _ in range(5)]
        self.pictures = write_folder(folder / "pictures", noise, ".jpg")
        calibration = folder / "camera.yaml"
        write_calibration(pinhole(640, 512, ROBOT1.camera.intrinsics_px), calibration)
        camera = parameters(
            video_device=self.pictures,
            camera_info_url=f"file://{calibration}",
            compressed=True,
            autostart=True,
            use_sim_time=True,
            reconnect_longest_s=0.2,
        )
        self.start("rlcg_policy.camera_node", "camera.log", *camera, "-r", "__ns:=/eye")

    def start_seeing(self, model: Path, transport: str) -> None:
        settings = {**POLICY, "model": model, "lockstep": False, "max_image_age_s": 0.5}
        arguments = parameters(**settings, image_transport=transport, rate_hz=5.0)
        process = self.start("rlcg_policy.policy_node", "policy.log", *arguments, *EYE)
        self.until(self.action.server_is_ready, f"policy_node: {process.output}", 20.0)


@pytest.fixture
def cell(tmp_path: Path) -> Iterator[SeeingCell]:
    with SeeingCell(tmp_path) as made:
        made.ready()
        yield made


@pytest.mark.parametrize("transport", ["raw", "compressed"])
def test_the_policy_decides_on_pictures_of_the_camera_and_stops_when_it_is_unplugged(
    cell: SeeingCell, tmp_path: Path, transport: str
) -> None:
    cell.start_seeing(tiny_model.write(tmp_path / "tiny").folder, transport)
    reason, result = cell.grasp(max_steps=3)
    assert reason is Reason.STEP_LIMIT, result.text
    assert result.steps == 3
    cell.ready(seed=2)
    handle = cell.send(max_steps=1000)
    cell.until(lambda: len(cell.feedback) >= 2, "decisions")
    cell.pictures.rename(tmp_path / "unplugged")
    _, result = cell.result(handle)
    assert Reason(result.termination_reason) is Reason.STALE_IMAGE, result.text
