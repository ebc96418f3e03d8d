# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from rlcg_core.base_watch import STILL, BaseTwist
from rlcg_core.cell import ROBOT1, ROBOT2
from rlcg_core.errors import ConfigError
from rlcg_sim.mock_world import MockWorld
from rlcg_sim.sim_loop import SimLoop
from rlcg_sim.sim_parameters import SimParameters
from rlcg_sim.wheels import PERIOD_S
from rlcg_sim.worlds import make_world

ROOT = Path(__file__).resolve().parents[2]
URDF = ROOT / "config/urdf" / ROBOT2.urdf
AHEAD = BaseTwist(0.2, 0.0, 0.0)


def loop(**given: object) -> SimLoop:
    settings = SimParameters(robot="robot2", backend="mock", parked=True, **given)
    made = SimLoop(MockWorld(ROBOT2, URDF), settings, 1.0 / 3.0)
    made.reset(1, "household_test", 0.0)
    return made


def test_in_lockstep_a_twist_is_driven_for_one_period_and_standing_takes_no_time() -> None:
    sim = loop(lockstep=True)
    begin, time_s = sim.odometry().pose, sim.world.time_s
    sim.command_base(AHEAD, 0.0)
    ((ahead_m, left_m),) = begin.seen_from_base(
        [(sim.odometry().pose.x_m, sim.odometry().pose.y_m)]
    ).tolist()
    assert (ahead_m, left_m) == pytest.approx((0.2 * PERIOD_S, 0.0))
    assert sim.world.time_s == pytest.approx(time_s + PERIOD_S)
    assert sim.odometry().twist == AHEAD
    sim.command_base(STILL, 0.0)
    assert sim.world.time_s == pytest.approx(time_s + PERIOD_S)
    assert sim.odometry().twist == STILL


def test_in_real_time_the_wheels_stand_when_commands_cease() -> None:
    sim = loop(lockstep=False)
    sim.tick(0.0)
    sim.command_base(AHEAD, 0.0)
    sim.tick(0.1)
    assert sim.odometry().twist == AHEAD
    moved = sim.odometry().pose
    sim.tick(0.5)
    assert sim.odometry().twist == STILL
    assert sim.odometry().pose == moved


def test_a_twist_that_is_no_number_stands_still() -> None:
    sim = loop(lockstep=True)
    sim.command_base(BaseTwist(float("nan"), 0.0, 0.0), 0.0)
    assert sim.odometry().twist == STILL


def test_a_robot_that_stands_fixed_cannot_be_parked() -> None:
    settings = SimParameters(backend="mock", parked=True)
    with pytest.raises(ConfigError, match="robot1 stands fixed: set robot to robot2"):
        make_world(settings, ROBOT1, ROOT / "config/urdf" / ROBOT1.urdf)
