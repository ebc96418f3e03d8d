# SPDX-License-Identifier: Apache-2.0
"""The latched stop as a state machine: every order of events up to a length, and every state.

What must be so is said by a monitor that knows what was done to the gate, not what it thinks.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
import pytest
from gantry import LIMITS, START, Bench

from rlcg_core.gate_checks import GateCommand, GateError
from rlcg_core.reasons import GateState
from rlcg_core.types import Action
from rlcg_core.verdict import Verdict

LENGTH = 4
MOVE = Action(np.array([0.01, 0.0, -0.01]))
WILD = np.array([0.5, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
STOP = Action(np.zeros(3), terminate=True)
# One wait is shorter than each of these times, two are longer.
TIMES = replace(LIMITS, deadman_s=0.7, reset_cooldown_s=0.5)
WAIT_S, BLIND_S, POLL_S, TICK_S = 0.4, 0.6, 0.1, 0.001
IDLE = (GateState.INACTIVE, GateState.STOPPED)


@dataclass
class World:
    """A gate, and an account of what was done to it.

    ``fed_s``: last motion of the running episode; ``latched_s``: when it stopped; ``over``: the
    episodes of which nothing may pass any more; ``passed``: the newest command that passed.
    """

    bench: Bench = field(default_factory=lambda: Bench(TIMES).ready())
    sees: bool = True
    pressed: bool = False
    fed_s: float | None = None
    latched_s: float = -np.inf
    running: int | None = None
    over: set[int] = field(default_factory=set)
    passed: GateCommand | None = None

    @property
    def state(self) -> GateState:
        return self.bench.gate.state

    @property
    def now_s(self) -> float:
        return self.bench.monotonic_s

    @property
    def moves(self) -> bool:
        """Whether commands may pass."""
        return self.state not in IDLE and self.sees

    def tick(self, seconds: float = TICK_S) -> None:
        self.bench.monotonic_s += seconds
        if self.sees:
            self.bench.measure()

    def note(self, before: GateState, verdict: Verdict) -> None:
        """Check what holds after every event, and keep the account."""
        motion, stopped = verdict.motion, self.state is GateState.STOPPED
        if motion is not None:
            assert self.sees, "something is sent without knowing where the arm is"
        if motion is not None and motion.is_hold:
            np.testing.assert_array_equal(motion.trajectory.positions[-1], START)
        if stopped and before is GateState.STOPPED:
            assert motion is None, "a stopped arm is moved"
        elif self.state in IDLE and before is not self.state:
            assert (motion is not None and motion.is_hold) == self.sees, "a stop is one hold"
            self.end_episode()
            self.latched_s = self.now_s
        assert not self.pressed or self.state in IDLE, "it goes on under a pressed button"

    def end_episode(self) -> None:
        if self.running is not None:
            self.over.add(self.running)
        self.running = self.fed_s = None


def send(world: World, command: GateCommand, sound: bool) -> None:
    """Send a command; ``sound``: nothing is wrong with itself."""
    before, episode = world.state, int(command.episode_id[1:])
    may = world.moves and sound and episode not in world.over
    # The stop of an episode that is over comes too late and is no fault.
    too_late = world.moves and command.action[7] > 0.5 and episode in world.over
    verdict = world.bench.gate.check(command, world.bench.now)
    assert verdict.accepted == may, verdict.text
    if may:
        assert verdict.motion is not None
        if world.running != episode:
            world.end_episode()
        world.running, world.fed_s, world.passed = episode, world.now_s, command
        if command.action[7] > 0.5:
            world.end_episode()
    elif before not in IDLE and not too_late:
        assert world.state is GateState.STOPPED
    else:
        assert (world.state, verdict.motion) == (before, None)
    world.note(before, verdict)


def step(world: World) -> None:
    send(world, world.bench.command(MOVE), sound=True)


def begin(world: World) -> None:
    world.bench.episode += 1
    step(world)


def finish(world: World) -> None:
    send(world, world.bench.command(STOP), sound=True)


def wild(world: World) -> None:
    send(world, world.bench.command(WILD), sound=False)


def replay(world: World) -> None:
    """Deliver the newest command that passed once more, with a new stamp."""
    if world.passed is not None:
        now = world.bench.now
        again = replace(world.passed, stamp_s=now.ros_s, receipt_s=now.monotonic_s)
        send(world, again, sound=False)


def let_pass(world: World, seconds: float) -> None:
    """Let time pass as the node does: joint states as they come, and polls."""
    for _ in range(round(seconds / POLL_S)):
        world.tick(POLL_S)
        before = world.state
        silent = world.fed_s is not None and world.now_s - world.fed_s > TIMES.deadman_s
        verdict = world.bench.gate.poll(world.bench.now)
        world.note(before, verdict)
        assert not silent or world.state in IDLE, "silence within an episode did not stop it"


def wait(world: World) -> None:
    let_pass(world, WAIT_S)


def go_blind(world: World) -> None:
    world.sees = False
    # Until the newest joint state is too old nothing is wrong, and a stop may still hold there.
    world.bench.monotonic_s += BLIND_S
    let_pass(world, POLL_S)


def see_again(world: World) -> None:
    world.sees = True
    world.tick()


def press(world: World) -> None:
    before, world.pressed = world.state, True
    world.note(before, world.bench.gate.observe_estop(True, world.bench.now))


def release(world: World) -> None:
    before, world.pressed = world.state, False
    world.note(before, world.bench.gate.observe_estop(False, world.bench.now))
    assert world.state is GateState.STOPPED or before is not GateState.STOPPED


def stop(world: World) -> None:
    before = world.state
    world.note(before, world.bench.gate.stop("a person says so", world.bench.now))
    assert world.state in IDLE


def reset(world: World) -> None:
    before = world.state
    cool = world.now_s - world.latched_s >= TIMES.reset_cooldown_s
    may = before is not GateState.STOPPED or (cool and world.sees and not world.pressed)
    verdict = world.bench.gate.reset_stop(world.bench.now)
    assert verdict.accepted == may, verdict.text
    assert verdict.motion is None
    if before is GateState.STOPPED:
        assert world.state is (GateState.READY if may else before)


def home(world: World) -> None:
    before = world.state
    may = before is GateState.READY and world.sees and world.fed_s is None
    verdict = world.bench.gate.home(START, world.bench.now)
    assert verdict.accepted == may, verdict.text
    assert world.state is before
    world.note(before, verdict)


def activate(world: World) -> None:
    if world.state is not GateState.INACTIVE:
        return
    if world.pressed or not world.sees:
        with pytest.raises(GateError):
            world.bench.gate.activate(world.bench.now)
        assert world.state is GateState.INACTIVE
        return
    verdict = world.bench.gate.activate(world.bench.now)
    assert world.state is GateState.READY
    assert verdict.motion is not None
    assert verdict.motion.is_hold


def deactivate(world: World) -> None:
    before = world.state
    verdict = world.bench.gate.deactivate(world.bench.now)
    assert world.state is GateState.INACTIVE
    world.note(before, verdict)


Event = Callable[[World], None]
EVENTS: tuple[Event, ...] = (
    *(step, begin, finish, wild, replay, wait, go_blind, see_again),
    *(press, release, stop, reset, home, activate, deactivate),
)


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


@pytest.mark.slow
def test_every_order_of_four_events_keeps_the_rules() -> None:
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
