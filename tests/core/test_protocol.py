# SPDX-License-Identifier: Apache-2.0
"""The protocols are the papers', and a plan follows from protocol, robots and seed alone."""

import pytest

from rlcg_core import protocol
from rlcg_core.bin_content import Done, filling, task_for_people
from rlcg_core.errors import ConfigError
from rlcg_core.protocol import PROTOCOLS, Replacement, find, plan
from rlcg_core.reasons import Outcome
from rlcg_core.seeds import evaluation_seed


def test_robot_1_is_102_grasps_with_replacement_on_each_robot() -> None:
    trials = plan(PROTOCOLS["robot1"], robots=4, seed=3)
    assert len(trials) == 408
    assert [sum(t.robot == robot for t in trials) for robot in range(4)] == [102] * 4
    assert PROTOCOLS["robot1"].replacement is Replacement.WITH
    assert PROTOCOLS["robot1"].objects_in_bin == 6


@pytest.mark.parametrize("name", ["robot2_single_bin", "robot2_multi_bin"])
def test_robot_2_is_6_robots_6_grasps_3_times_over_without_replacement(name: str) -> None:
    trials = plan(PROTOCOLS[name], robots=6, seed=3)
    assert len(trials) == 108
    assert PROTOCOLS[name].replacement is Replacement.WITHOUT
    for slot in range(6):
        mine = [(t.round, t.number) for t in trials if t.slot == slot]
        assert mine == [(r, n) for r in range(3) for n in range(6)]


def test_the_multi_bin_placements_are_the_papers() -> None:
    trials = plan(PROTOCOLS["robot2_multi_bin"], robots=6, seed=0)
    places = [next(t.placement for t in trials if t.slot == slot) for slot in range(6)]
    assert sorted(places) == ["centre", "centre", "left", "offset_1", "offset_2", "right"]
    assert {t.placement for t in plan(PROTOCOLS["robot2_single_bin"], 6, 0)} == {"centre"}


@pytest.mark.parametrize("robots", [1, 2, 4, 6])
def test_fewer_robots_than_slots_do_the_same_trials(robots: int) -> None:
    one, several = (plan(PROTOCOLS["robot2_multi_bin"], n, 7) for n in (1, robots))
    assert [(t.scene_seed, t.slot, t.placement) for t in one] == [
        (t.scene_seed, t.slot, t.placement) for t in several
    ]
    assert {t.robot for t in several} == set(range(robots))


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_no_two_trials_share_a_scene_and_no_slot_shares_its_objects(name: str) -> None:
    trials = plan(PROTOCOLS[name], robots=4, seed=11)
    scenes = [t.scene_seed for t in trials]
    draws = {t.slot: t.objects_seed for t in trials if t.objects_seed}
    assert len({*scenes, *draws.values()}) == len(scenes) + len(draws)
    assert [t.index for t in trials] == list(range(len(trials)))


def test_scenes_are_what_make_grasp_always_did() -> None:
    trials = plan(find("scenes", grasps=5), robots=1, seed=9)
    assert [t.scene_seed for t in trials] == [evaluation_seed(9, i) for i in range(5)]
    assert {t.objects_seed for t in trials} == {0}
    assert [t.robot for t in plan(find("scenes", grasps=5), 2, 9)] == [0, 1, 0, 1, 0]


def test_numbers_and_replacement_may_be_changed_but_not_where_there_is_none() -> None:
    changed = find("robot1", grasps=10, replacement="without")
    assert (changed.grasps_per_round, changed.replacement) == (10, Replacement.WITHOUT)
    with pytest.raises(ConfigError, match="choose protocol robot1"):
        find("scenes", replacement="with")
    with pytest.raises(ConfigError, match="expected one of scenes, robot1"):
        find("robot3")


def test_too_many_grasps_for_the_seeds_are_refused() -> None:
    with pytest.raises(ConfigError, match="ask for fewer"):
        plan(find("robot1", grasps=60_000), robots=2, seed=0)


def trial(
    name: str, index: int, replacement: str = "protocol"
) -> tuple[protocol.Protocol, protocol.Trial]:
    wanted = find(name, replacement=replacement)
    return wanted, plan(wanted, 6, 0)[index]


def success(index: int, *lifted: int) -> Done:
    return Done(index, Outcome.SUCCESS, lifted)


def test_with_replacement_the_bin_is_always_full() -> None:
    wanted, third = trial("robot1", 2)
    found = filling(wanted, third, [success(0, 4), success(1, 2)])
    assert (found.count, found.without) == (6, ())
    assert found.objects_seed == third.objects_seed != 0


def test_without_replacement_lifted_objects_stay_out_until_the_round_ends() -> None:
    wanted, fourth = trial("robot2_single_bin", 3)
    done = [success(0, 4), Done(1, Outcome.FAILURE, ()), success(2, 1)]
    assert filling(wanted, fourth, done).without == (1, 4)
    _, next_round = trial("robot2_single_bin", 6)
    assert filling(wanted, next_round, [*done, success(5, 0)]).without == ()


def test_an_empty_bin_is_filled_again_within_a_round() -> None:
    wanted, eighth = trial("robot1", 7, "without")
    done = [success(i, i) for i in range(6)]
    assert filling(wanted, eighth, done).without == ()
    assert filling(wanted, eighth, [*done, success(6, 3)]).without == (3,)


def test_a_lift_that_was_judged_a_failure_puts_nothing_out() -> None:
    wanted, second = trial("robot2_single_bin", 1)
    assert filling(wanted, second, [Done(0, Outcome.FAILURE, (2,))]).without == ()


def test_people_are_asked_only_when_there_is_something_to_do() -> None:
    wanted, first = trial("robot2_multi_bin", 0)
    assert "6 objects of slot 1 into the bin, bins at place left" in task_for_people(
        wanted, first, None
    )
    _, second = trial("robot2_multi_bin", 1)
    assert "outside" in task_for_people(wanted, second, success(0))
    assert task_for_people(wanted, second, Done(0, Outcome.FAILURE)) == ""
    robot1, tenth = trial("robot1", 9)
    assert task_for_people(robot1, tenth, success(8)) == ""
