# SPDX-License-Identifier: Apache-2.0
"""Coloured patches through camera source, message and policy: red stays red to the last tensor.

A device of Video4Linux cannot be played here; it takes the same way as the network camera.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_model
from pictures import STRIPES, network_camera, stripe_colours, striped, write_folder, write_video
from processes import NodeProcess, parameters
from ros_bench import RosBench

from rlcg_core import bundle
from rlcg_core.calibration import pinhole
from rlcg_core.cell import ROBOT1
from rlcg_core.types import Observation, ToolPose
from rlcg_policy.camera.calibration_file import write_calibration
from rlcg_policy.camera.codec import decode_picture
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_ros.sensors import Sensors

# How far two JPEG steps may move a colour; the channels of a stripe differ by at least 30.
TOLERANCE = 8.0


class SpySession:
    """Stands before ONNX Runtime and keeps the tensors that it is given."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.inputs: dict[str, np.ndarray] = {}

    def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.inputs = inputs
        return self._session.run(names, inputs)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> OnnxPolicy:
    folder = tiny_model.write(tmp_path_factory.mktemp("models") / "tiny").folder
    return OnnxPolicy(bundle.load(folder))


@pytest.fixture
def bench() -> Iterator[RosBench]:
    with RosBench() as made:
        yield made


def source(kind: str, folder: Path, stack: ExitStack) -> str:
    """Return the video_device of a source of stripes."""
    if kind == "video":
        return str(write_video(folder / "film.avi", [striped()]))
    if kind == "stream":
        return stack.enter_context(network_camera(striped()))
    return str(write_folder(folder / "pictures", [striped()], suffix=f".{kind}"))


def tensor(policy: OnnxPolicy, sensors: Sensors) -> np.ndarray:
    """Return the picture as the policy's graph gets it."""
    image = sensors.image
    assert image is not None
    home = ToolPose(np.array([0.57, 0.0, 0.25]), 0.0)
    seen = Observation(image.image_hwc, False, 0.25, home, image.projection_base_to_px, 0.0)
    policy.reset(1)
    assert policy.serving is not None
    runner = policy.serving.runner
    spy = SpySession(runner.session)
    runner.session = spy
    try:
        policy.decide(seen.check())
    finally:
        runner.session = spy._session
    return spy.inputs["image"]


@pytest.mark.parametrize("transport", ["raw", "compressed"])
@pytest.mark.parametrize("kind", ["png", "jpg", "video", "stream"])
def test_red_green_and_blue_arrive_at_the_network_in_their_order(
    bench: RosBench, policy: OnnxPolicy, tmp_path: Path, kind: str, transport: str
) -> None:
    compressed = transport == "compressed"
    file = tmp_path / "camera.yaml"
    write_calibration(pinhole(640, 512, ROBOT1.camera.intrinsics_px), file)
    pose = ROBOT1.camera.transform_camera_to_base
    decode = decode_picture if compressed else None
    sensors = Sensors(bench.node, pose, ROBOT1.arm.joint_names, lambda: None, decode)
    with ExitStack() as stack:
        arguments = parameters(
            video_device=source(kind, tmp_path, stack),
            compressed=compressed,
            camera_info_url=f"file://{file}",
            autostart=True,
        )
        log = tmp_path / "camera.log"
        process = stack.enter_context(NodeProcess("rlcg_policy.camera_node", log, *arguments))
        bench.until(lambda: sensors.image is not None, f"picture: {process.output}", 20.0)
        found = tensor(policy, sensors)
    sensors.close()
    assert found.dtype == np.uint8
    np.testing.assert_allclose(stripe_colours(found.reshape(512, 640, 3)), STRIPES, atol=TOLERANCE)


def test_policy_node_listens_to_the_transport_that_it_is_told(
    bench: RosBench, tmp_path: Path
) -> None:
    model = tiny_model.write(tmp_path / "tiny").folder
    arguments = parameters(model=model, image_transport="compressed", autostart=True)
    remapped = ["-r", "image_raw:=/eye/image_raw"]
    log = tmp_path / "policy.log"
    with NodeProcess("rlcg_policy.policy_node", log, *arguments, *remapped) as process:
        readers = bench.node.get_subscriptions_info_by_topic
        bench.until(
            lambda: len(readers("/eye/image_raw/compressed")) == 1,
            f"reader of compressed images: {process.output}",
            20.0,
        )
        assert readers("/eye/image_raw") == []
        assert readers("/image_raw") == []
