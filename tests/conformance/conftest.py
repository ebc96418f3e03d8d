# SPDX-License-Identifier: Apache-2.0
"""Which driver is under test: our simulator, or one that runs already.

pytest tests/conformance                    # sim_node of both robots, without and with physics
pytest tests/conformance --driver running --profile my.yaml           # looks, moves nothing
pytest tests/conformance --driver running --profile my.yaml --move    # by up to 0.1 rad
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import NodeProcess, parameters

from rlcg_policy import profile

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
SIM = {"image_rate_hz": 5.0, "state_rate_hz": 50.0}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption(
        "--driver", default="sim", choices=["sim", "running"], help="who plays the robot"
    )
    group.addoption("--profile", default="sim", help="robot profile: a name or a path")
    group.addoption(
        "--move", action="store_true", help="let the tests move a running robot by 0.1 rad"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test against both simulated robots, or against the running driver once."""
    if "driver" not in metafunc.fixturenames:
        return
    physics = pytest.param("pybullet", marks=pytest.mark.slow)
    running = metafunc.config.getoption("--driver", "sim") == "running"
    worlds = ["running"] if running else ["mock", "mock_robot2", physics]
    if "base" in metafunc.fixturenames and not running:
        worlds = ["mock_robot2"]
    metafunc.parametrize("driver", worlds, indirect=True, scope="module")


@pytest.fixture(scope="module")
def driver(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["object"]:
    """The driver under test, seen from outside: by its topics."""
    from driver_bench import DriverBench

    name = request.config.getoption("--profile", "sim")
    second = request.param == "mock_robot2"
    robot = profile.load(profile.find("sim_robot2" if second else name, ROOT))
    if request.param == "running":
        with DriverBench(robot, simulated=False) as bench:
            yield bench
        return
    log = tmp_path_factory.mktemp(request.param) / "sim.log"
    words = {"backend": request.param, **SIM}
    if second:
        words |= {"backend": "mock", "robot": "robot2", "objects": "household_test"}
    with NodeProcess("rlcg_sim.sim_node", log, *parameters(**words)) as sim:
        with DriverBench(robot, simulated=True) as bench:
            yield bench
        sim.end()


@pytest.fixture
def movable(request: pytest.FixtureRequest, driver: "object") -> "object":
    """The driver, where it may be moved: the simulator always, a robot only when asked."""
    allowed = driver.simulated or request.config.getoption("--move", False)
    if not allowed:
        pytest.skip("a running robot is moved only with --move")
    driver.settle()
    return driver
