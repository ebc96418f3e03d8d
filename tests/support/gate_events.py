# SPDX-License-Identifier: Apache-2.0
"""What can be done to a gate, each with a check of what must come of it.

What must be so is told by the account in `gate_world.World`, not by what the gate thinks.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from gantry import START
from gate_world import IDLE, TIMES, World

from rlcg_core.gate_checks import GateCommand, GateError
from rlcg_core.reasons import GateState, TerminationReason
from rlcg_core.types import Action

MOVE = Action(np.array([0.01, 0.0, -0.01]))
WILD = np.array([0.5, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
STOP = Action(np.zeros(3), terminate=True)
# One wait is shorter than the deadman's and the cool-down's time, two are longer.
WAIT_S, BLIND_S, POLL_S = 0.4, 0.45, 0.1


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


def fail(world: World) -> None:
    """The policy ends the episode because of a fault, which is to be looked into."""
    command = replace(world.bench.command(STOP), stop_reason=TerminationReason.NO_IMAGE)
    if world.moves and world.bench.episode not in world.over:
        if world.running != world.bench.episode:
            world.end_episode()
        world.running = world.bench.episode
    send(world, command, sound=False)


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
        within = world.fed_s is not None
        silent = world.fed_s is not None and world.now_s - world.fed_s > TIMES.deadman_s
        verdict = world.bench.gate.poll(world.bench.now)
        world.note(before, verdict)
        assert not silent or world.state in IDLE, "silence within an episode did not stop it"
        seen = world.sees or not within
        assert seen or world.state in IDLE, "an arm unseen within an episode did not stop it"


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
    *(step, begin, finish, fail, wild, replay, wait, go_blind, see_again),
    *(press, release, stop, reset, home, activate, deactivate),
)
