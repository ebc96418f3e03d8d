# SPDX-License-Identifier: Apache-2.0
"""A gate on the gantry with an account of what was done to it, and what must always be so."""

from dataclasses import dataclass, field, replace

import numpy as np
from gantry import LIMITS, START, Bench

from rlcg_core.gate_checks import GateCommand
from rlcg_core.reasons import GateState
from rlcg_core.verdict import Verdict

TIMES = replace(LIMITS, deadman_s=0.7, reset_cooldown_s=0.5)
TICK_S = 0.001
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
