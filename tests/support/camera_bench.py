# SPDX-License-Identifier: Apache-2.0
"""A camera_node as a real process, and who listens to it."""

import time
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.srv import GetState
from processes import NodeProcess, parameters
from ros_bench import RosBench
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from rlcg_ros import qos

TOPICS = {"image_raw": Image, "camera_info": CameraInfo, "image_raw/compressed": CompressedImage}


class Camera(RosBench):
    """Listens to a camera_node and starts it over what a test says."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        for topic, kind in TOPICS.items():
            self.listen(kind, topic, qos.IMAGE_READ)
        self.listen(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)

    def start(self, video_device: object, **changed: Any) -> NodeProcess:
        values = {
            "video_device": video_device,
            "autostart": True,
            "framerate": 20.0,
            "camera_name": "left",
            "reconnect_longest_s": 0.3,
        }
        arguments = parameters(**{**values, **changed})
        return NodeProcess("rlcg_policy.camera_node", self.folder / "camera.log", *arguments)

    def await_images(self, count: int = 1, timeout_s: float = 15.0) -> list[Image]:
        before = self.count("image_raw")
        self.until(lambda: self.count("image_raw") >= before + count, "image", timeout_s)
        return self.received["image_raw"][before:]

    def status(self, task: str) -> DiagnosticStatus | None:
        for message in reversed(self.received["/diagnostics"]):
            for status in message.status:
                if status.name == f"camera_node: {task}":
                    return status
        return None

    def await_status(self, task: str, level: bytes, text: str) -> dict[str, str]:
        def found() -> bool:
            status = self.status(task)
            return status is not None and status.level == level and text in status.message

        self.until(found, f"{task}: {text}; it is {self.status(task)}")
        status = self.status(task)
        assert status is not None
        return {value.key: value.value for value in status.values}

    def change(self, transition: int) -> bool:
        return self.change_state("camera_node", transition)

    def state(self) -> int:
        answer = self.call(GetState, "camera_node/get_state", GetState.Request())
        return int(answer.current_state.id)

    def silent(self, for_s: float = 0.4) -> bool:
        time.sleep(0.2)  # what is on its way may arrive
        before = self.count("image_raw")
        time.sleep(for_s)
        return self.count("image_raw") == before
