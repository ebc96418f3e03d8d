# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pybullet
import pytest
from pybullet_utils.bullet_client import BulletClient

from rlcg_core import rule as grasp_rule
from rlcg_core.camera import project
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import WorldError
from rlcg_core.ports import RESET_TAKES_S
from rlcg_core.reasons import Outcome
from rlcg_core.types import Action
from rlcg_sim import expert, scene
from rlcg_sim.arm import load_robot
from rlcg_sim.description import find_urdf
from rlcg_sim.motion import CellStepper
from rlcg_sim.pybullet_world import PyBulletWorld


@pytest.fixture(scope="module")
def world() -> Iterator[PyBulletWorld]:
    with PyBulletWorld(ROBOT1, find_urdf(ROBOT1.urdf), renderer="tiny") as made:
        yield made


def record(world: PyBulletWorld, seed: int) -> bytes:
    """Return everything an episode of fixed actions shows, as bytes."""
    world.reset(seed, "mixed_train")
    stepper = CellStepper(world)
    stepper.restart()
    parts = [world.render().tobytes()]
    for action in (Action(np.array([0.03, -0.04, -0.05]), 0.3), Action(np.zeros(3), close=True)):
        stepper.perform(action)
        parts += [world.render().tobytes(), world.joint_sample().positions.tobytes()]
    return b"".join(parts)


def test_the_same_seed_gives_the_same_episode_byte_for_byte(world: PyBulletWorld) -> None:
    first = record(world, 5)
    other = record(world, 6)
    assert record(world, 5) == first
    assert other != first
    with PyBulletWorld(ROBOT1, find_urdf(ROBOT1.urdf), renderer="tiny") as fresh:
        assert record(fresh, 5) == first


def test_time_never_goes_back_and_counts_whole_steps(world: PyBulletWorld) -> None:
    before = world.time_s
    world.reset(1, "mixed_train")
    after = world.time_s
    assert after - before == pytest.approx(RESET_TAKES_S)
    world.advance(0.25)
    assert world.time_s - after == pytest.approx(60 * scene.TIME_STEP_S)


def test_the_camera_model_is_the_camera_that_draws(world: PyBulletWorld) -> None:
    world.reset(2, "mixed_train")
    marker = np.array([0.62, -0.10, 0.15])
    shape = world.client.createVisualShape(
        world.client.GEOM_SPHERE, radius=0.008, rgbaColor=(1, 0, 1, 1), specularColor=(0, 0, 0)
    )
    without = world.render().astype(int)
    world.client.createMultiBody(0, -1, shape, marker.tolist())
    changed = np.abs(world.render().astype(int) - without).sum(axis=2) > 30
    rows, columns = np.nonzero(changed)
    expected = project(world.camera.projection_base_to_px(), marker[None])[0]
    assert columns.mean() + 0.5 == pytest.approx(expected[0], abs=1.0)
    assert rows.mean() + 0.5 == pytest.approx(expected[1], abs=1.0)


def test_the_ghost_solves_what_the_arm_measures(world: PyBulletWorld) -> None:
    world.reset(3, "mixed_train")
    stepper = CellStepper(world)
    goal = world.tool_pose().moved(Action(np.array([0.05, 0.05, -0.06]), 0.4))
    stepper.perform(Action(np.array([0.05, 0.05, -0.06]), 0.4))
    assert np.linalg.norm(world.tool_pose().position_m - goal.position_m) < 2e-3
    assert world.tool_pose().yaw_rad == pytest.approx(goal.yaw_rad, abs=0.01)


def test_every_object_lies_in_the_bin_and_nothing_is_held(world: PyBulletWorld) -> None:
    (cx, cy), (sx, sy) = ROBOT1.bin.centre_xy_m, ROBOT1.bin.inner_size_xy_m
    for seed in range(10):
        world.reset(seed, "mixed_test")
        assert world.outcome() is Outcome.FAILURE
        for body in world.objects:
            x, y, _ = world.client.getBasePositionAndOrientation(body)[0]
            assert abs(x - cx) < sx / 2
            assert abs(y - cy) < sy / 2


def test_a_bin_that_never_settles_is_an_error(
    world: PyBulletWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene, "SETTLED_SPEED_M_S", -1.0)
    with pytest.raises(WorldError, match="still move"):
        world.reset(0, "mixed_train")


def grasp(world: PyBulletWorld, seed: int, friction: float | None = None) -> Outcome:
    """Let the expert grasp once; ``friction`` replaces that of objects and fingers."""
    world.reset(seed, "mixed_test")
    if friction is not None:
        for body in (world.arm.body, *world.objects):
            for link in range(-1, world.client.getNumJoints(body)):
                world.client.changeDynamics(body, link, lateralFriction=friction)
    stepper = CellStepper(world)
    rule, memory = grasp_rule.RuleParameters(), grasp_rule.RuleMemory()
    goal = expert.plan(world, np.random.default_rng(seed), rule.grasp_height_m).best()
    while memory.phase is not grasp_rule.Phase.TERMINATE:
        observation = stepper.observe(with_image=False)
        pose = grasp_rule.goal_pose(goal, observation, rule) if memory.needs_goal else None
        action, memory = grasp_rule.step(memory, rule, observation, pose)
        stepper.perform(action)
    return world.outcome()


@pytest.mark.slow
def test_the_expert_grasps_and_friction_is_what_holds(world: PyBulletWorld) -> None:
    held = [grasp(world, seed) for seed in range(700, 720)]
    assert held.count(Outcome.SUCCESS) >= 18
    truth = world.truth()
    assert truth.lifted == ((truth.target,) if held[-1] is Outcome.SUCCESS else ())
    slippery = [grasp(world, seed, friction=0.0) for seed in range(700, 706)]
    assert slippery.count(Outcome.SUCCESS) <= 1


def memory_kb() -> float:
    """Return what this process holds beside files and shared memory [1024 B]."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith("RssAnon")).split()[1])


def test_a_robot_that_is_loaded_anew_takes_no_more_memory() -> None:
    client = BulletClient(pybullet.DIRECT)

    def load(times: int) -> None:
        for _ in range(times):
            client.resetSimulation()
            load_robot(client, find_urdf(ROBOT1.urdf))

    load(20)
    before_kb = memory_kb()
    load(250)
    grown_kb = memory_kb() - before_kb
    client.disconnect()
    assert grown_kb < 1300.0  # 9 kB a time otherwise
