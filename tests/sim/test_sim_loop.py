# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcg_core.cell import ROBOT1
from rlcg_core.parameters import infos
from rlcg_core.types import ArmTrajectory
from rlcg_sim.description import find_urdf
from rlcg_sim.faults import Faults, FaultyCamera, Frame
from rlcg_sim.lockstep import JawCommand, LockStep, RealTimePace
from rlcg_sim.mock_world import MockWorld
from rlcg_sim.sim_loop import SimLoop
from rlcg_sim.sim_parameters import SimParameters

HOME = np.array(ROBOT1.arm.home_rad)
OBJECTS = "procedural_test"


def arm(duration_s: float = 0.4, offset_rad: float = 0.1) -> ArmTrajectory:
    return ArmTrajectory((HOME + offset_rad)[None], np.array([duration_s]))


def loop(**values: object) -> SimLoop:
    parameters = SimParameters(**({"backend": "mock"} | values))  # type: ignore[arg-type]
    made = SimLoop(MockWorld(ROBOT1, find_urdf(ROBOT1.urdf)), parameters, 1.0 / 3.0)
    made.reset(0, OBJECTS, 0.0)
    return made


def frame(value: int, stamp_s: float = 0.0) -> Frame:
    return Frame(np.full((4, 4, 3), value, np.uint8), stamp_s)


@given(st.lists(st.sampled_from("aj"), max_size=12))
def test_every_step_takes_the_newest_of_each_and_uses_it_once(offers: list[str]) -> None:
    pair, arms, jaws, steps = LockStep(), 0, 0, 0
    for number, kind in enumerate(offers):
        if kind == "a":
            pair.offer_arm(arm(1.0 + number))
            arms = number + 1
        else:
            pair.offer_jaw(JawCommand(float(number), 0.1))
            jaws = number + 1
        order = pair.take()
        assert (order is not None) == bool(arms and jaws)
        if order is not None:
            assert order.arm.times_s[-1] == arms
            assert order.jaw.opening_m == jaws - 1
            arms, jaws, steps = 0, 0, steps + 1
    assert steps <= min(offers.count("a"), offers.count("j"))


def test_a_step_lasts_as_long_as_the_slower_of_arm_and_jaw() -> None:
    for arm_s, jaw_s in ((0.4, 0.6), (0.6, 0.4)):
        pair = LockStep()
        pair.offer_arm(arm(arm_s))
        pair.offer_jaw(JawCommand(0.0, jaw_s))
        order = pair.take()
        assert order is not None
        assert order.duration_s == 0.6


def test_the_same_commands_give_the_same_episode_at_any_speed() -> None:
    def episode(delay_s: float) -> list[bytes]:
        one, now_s, shown = loop(lockstep=True), 0.0, []
        for i in range(4):
            one.command_arm(arm(0.4, 0.05 * i), now_s)
            now_s += delay_s
            one.tick(now_s)
            one.command_jaw(JawCommand(0.02 * i, 0.4), now_s)
            shown.append(
                one.world.render().tobytes() + one.world.joint_sample().positions.tobytes()
            )
        return shown

    assert episode(0.01) == episode(3.0)


def test_a_reset_forgets_a_waiting_command() -> None:
    one = loop(lockstep=True)
    one.command_arm(arm(), 0.0)
    one.reset(1, OBJECTS, 0.0)
    before_s = one.world.time_s
    one.command_jaw(JawCommand(0.0, 0.4), 0.0)
    assert one.world.time_s == before_s


def test_paused_real_time_stands_still_and_does_not_catch_up() -> None:
    one = loop()
    begun_s = one.world.time_s
    for i in range(50):
        one.tick(0.02 * i)
    assert one.world.time_s - begun_s == pytest.approx(0.98, abs=0.01)
    one.pause(True, 1.0)
    one.tick(5.0)
    one.pause(False, 9.0)
    one.tick(9.0)
    one.tick(9.02)
    assert one.world.time_s - begun_s == pytest.approx(1.0, abs=0.01)


def test_real_time_does_not_drift_by_rounding_to_whole_steps() -> None:
    one = loop()
    begun_s = one.world.time_s
    for i in range(1000):
        one.tick(0.0123 * i)
    assert one.world.time_s - begun_s == pytest.approx(0.0123 * 999, abs=0.006)


def test_a_slow_machine_shows_in_the_factor_and_is_complained_about() -> None:
    pace = RealTimePace(max_stride_s=0.1)
    for i in range(100):
        assert pace.stride_s(0.2 * i) <= 0.1
    assert pace.factor == pytest.approx(0.5, abs=0.01)
    one = loop()
    for i in range(100):
        one.tick(0.2 * i)
    assert "of real time" in one.complaint()


def test_frames_come_late_but_all_and_in_order() -> None:
    camera = FaultyCamera()
    camera.faults = Faults(image_delay_s=0.5)
    for i in range(5):
        camera.put(frame(i, float(i)), 0.1 * i)
    assert camera.due(0.45) == []
    assert [f.stamp_s for f in camera.due(0.75)] == [0.0, 1.0, 2.0]
    assert [f.stamp_s for f in camera.due(2.0)] == [3.0, 4.0]


def test_a_frozen_camera_shows_old_pixels_under_new_stamps() -> None:
    camera = FaultyCamera()
    camera.put(frame(1, 1.0), 0.0)
    camera.faults = Faults(image_freeze=True)
    camera.put(frame(2, 2.0), 0.0)
    camera.faults = Faults()
    camera.put(frame(3, 3.0), 0.0)
    shown = [(f.stamp_s, int(f.image_hwc[0, 0, 0])) for f in camera.due(0.0)]
    assert shown == [(1.0, 1), (2.0, 1), (3.0, 3)]


def test_the_asked_share_of_frames_is_lost_and_the_same_ones_each_time() -> None:
    def kept() -> list[float]:
        camera = FaultyCamera(seed=4)
        camera.faults = Faults(image_drop=0.3)
        for i in range(500):
            camera.put(frame(0, float(i)), 0.0)
        return [f.stamp_s for f in camera.due(0.0)]

    assert len(kept()) / 500 == pytest.approx(0.7, abs=0.06)
    assert kept() == kept()


def test_the_asked_share_of_frames_comes_twice_under_one_stamp() -> None:
    camera = FaultyCamera(seed=4)
    camera.faults = Faults(image_duplicate=0.3)
    for i in range(500):
        camera.put(frame(0, float(i)), 0.0)
    stamps_s = [f.stamp_s for f in camera.due(0.0)]
    assert stamps_s == sorted(stamps_s)
    assert set(stamps_s) == {float(i) for i in range(500)}
    assert len(stamps_s) / 500 == pytest.approx(1.3, abs=0.06)
    assert max(stamps_s.count(stamp_s) for stamp_s in set(stamps_s)) == 2


def test_every_fault_is_a_settable_parameter_and_off_by_default() -> None:
    known = infos(SimParameters)
    assert {n for n, info in known.items() if info.settable} == {
        f"fault_{name}" for name in vars(Faults())
    }
    assert SimParameters().faults == Faults()
    assert Faults().names == []
    assert replace(Faults(), image_drop=0.5).names == ["image_drop"]
