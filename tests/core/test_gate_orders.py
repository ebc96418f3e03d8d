# SPDX-License-Identifier: Apache-2.0
"""The latched stop as a state machine: every order of events up to a length, and every state."""

from collections import deque
from collections.abc import Sequence
from itertools import product

from gate_events import EVENTS, Event
from gate_world import TIMES, World

from rlcg_core.reasons import GateState

LENGTH = 3


def run(events: Sequence[Event]) -> World:
    """Do this to a new gate; a failure says what was done."""
    world = World()
    try:
        for event in events:
            world.tick()
            event(world)
    except AssertionError as error:
        told = " -> ".join(event.__name__ for event in events)
        raise AssertionError(f"{told}: {error}") from error
    return world


def key(world: World) -> tuple[object, ...]:
    """Return what the future depends on; times by which side of their limits they are on."""
    silent_s = 0.0 if world.fed_s is None else world.now_s - world.fed_s
    cooled_s = min(world.now_s - world.latched_s, TIMES.reset_cooldown_s)
    return (
        *(world.state, world.sees, world.pressed, world.fed_s is None),
        *(world.running is None, world.running == world.bench.episode),
        *(round(silent_s, 1), round(cooled_s, 1), world.bench.episode in world.over),
        world.passed is not None and world.passed.episode_id == f"e{world.bench.episode}",
        world.passed is not None,
    )


def test_every_order_of_three_events_keeps_the_rules() -> None:
    for events in product(EVENTS, repeat=LENGTH):
        run(events)


def test_every_state_that_any_order_leads_to_keeps_the_rules() -> None:
    first = key(World())
    seen, left = {first}, deque[tuple[Event, ...]]([()])
    while left:
        path = left.popleft()
        for event in EVENTS:
            found = key(run((*path, event)))
            if found not in seen:
                seen.add(found)
                left.append((*path, event))
    assert {state for state, *_ in seen} == set(GateState)
    assert len(seen) > 50
