# SPDX-License-Identifier: Apache-2.0
"""sim_node shows the world that its parameter names, and refuses one that is not there."""

from pathlib import Path

import numpy as np
import pytest
from processes import NodeProcess, parameters
from ros_bench import RosBench
from sensor_msgs.msg import CameraInfo, Image

from rlcg_core.cell import ROBOT1
from rlcg_proxy.worlds import ProxyWorlds
from rlcg_ros import qos
from rlcg_ros.conversions import camera_from_info, image_from_msg
from rlcg_sim.description import find_urdf


def start(tmp_path: Path, **values: object) -> NodeProcess:
    return NodeProcess("rlcg_sim.sim_node", tmp_path / "log", *parameters(**values))


def test_the_node_shows_real_proxy_with_the_calibration_of_the_lab(tmp_path: Path) -> None:
    given = {"lockstep": True, "world": "real_proxy", "objects": "proxy_test", "seed": 4}
    with RosBench() as bench, start(tmp_path, **given) as process:
        bench.listen(Image, "image_raw", qos.IMAGE_READ)
        bench.listen(CameraInfo, "camera_info", qos.IMAGE_READ)
        topics = "image_raw", "camera_info"
        bench.until(lambda: all(bench.received[t] for t in topics), "image", timeout_s=60.0)
        seen = image_from_msg(bench.received["image_raw"][-1])
        told = camera_from_info(
            bench.received["camera_info"][-1], ROBOT1.camera.transform_camera_to_base
        )
        process.end()
    np.testing.assert_allclose(told.intrinsics_px, ROBOT1.camera.intrinsics_px)
    with ProxyWorlds()(find_urdf(ROBOT1.urdf), "auto") as world:
        world.reset(4, "proxy_test")
        np.testing.assert_array_equal(seen, world.render())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"world": "moon"}, "parameter world is 'moon', expected one of sim, randomized_mild"),
        ({"world": "real_proxy", "backend": "mock"}, "world is real_proxy with the mock"),
        ({"objects": "cups"}, "parameter objects is 'cups'"),
    ],
)
def test_a_world_that_is_not_there_is_refused_at_start(
    tmp_path: Path, given: dict[str, object], message: str
) -> None:
    with start(tmp_path, **given) as process:
        assert process.wait() != 0
        assert message in process.output
        assert "Traceback" not in process.output
