# SPDX-License-Identifier: Apache-2.0
"""camera_node takes, writes and reads calibrations, and says that it has none."""

from pathlib import Path

import numpy as np
from camera_bench import Camera
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import CameraInfo
from sensor_msgs.srv import SetCameraInfo

from rlcg_core.calibration import pinhole
from rlcg_policy.camera.calibration_file import read_calibration, write_calibration
from rlcg_ros.conversions import calibration_to_info

K = np.array([[500.0, 0.0, 310.0], [0.0, 505.0, 250.0], [0.0, 0.0, 1.0]])
BENT = pinhole(640, 512, K, (-0.3, 0.1, 0.001, -0.002, 0.0), "left")


def test_an_uncalibrated_camera_is_named_so_and_tells_its_size(
    camera: Camera, pictures: Path
) -> None:
    with camera.start(pictures) as process:
        camera.await_images()
        info = camera.received["camera_info"][-1]
        assert (info.k[0], info.width, info.height) == (0.0, 640, 512)
        values = camera.await_status("calibration", DiagnosticStatus.WARN, "not calibrated")
        assert values["file"] == str(camera.folder / "camera_info" / "left.yaml")
        assert "not calibrated" in process.output


def test_a_calibration_is_taken_over_by_service_written_and_read_again(
    camera: Camera, pictures: Path
) -> None:
    url = f"file://{camera.folder}/${{NAME}}.yaml"
    file = camera.folder / "left.yaml"
    write_calibration(pinhole(640, 512, K * [[2], [2], [1]], camera_name="left"), file)
    with camera.start(pictures, camera_info_url=url):
        camera.await_images()
        assert camera.received["camera_info"][-1].k[0] == 1000.0
        request = SetCameraInfo.Request(camera_info=calibration_to_info(BENT, 0.0, "x"))
        answer = camera.call(SetCameraInfo, "set_camera_info", request)
        assert answer.success, answer.status_message
        camera.until(lambda: camera.received["camera_info"][-1].k[0] == 500.0, "new calibration")
        assert list(camera.received["camera_info"][-1].d) == BENT.distortion.tolist()
    assert read_calibration(file).intrinsics_px[0, 0] == 500.0
    with camera.start(pictures, camera_info_url=url, rectify=True):
        camera.until(lambda: not any(camera.received["camera_info"][-1].d), "rectified camera")
        assert camera.received["camera_info"][-1].k[0] == 500.0
        camera.await_status("calibration", DiagnosticStatus.OK, "calibrated")
        answer = camera.call(SetCameraInfo, "set_camera_info", request)
        assert not answer.success
        assert "set rectify to false" in answer.status_message


def test_a_calibration_of_another_size_or_none_is_refused(camera: Camera, pictures: Path) -> None:
    with camera.start(pictures):
        camera.await_images()
        for wrong in (pinhole(320, 256, K), None):
            info = CameraInfo() if wrong is None else calibration_to_info(wrong, 0.0, "x")
            request = SetCameraInfo.Request(camera_info=info)
            answer = camera.call(SetCameraInfo, "set_camera_info", request)
            assert not answer.success
            assert "expected" in answer.status_message or "calibrate" in answer.status_message
        assert not (camera.folder / "camera_info").exists()
