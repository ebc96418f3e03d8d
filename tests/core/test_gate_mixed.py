# SPDX-License-Identifier: Apache-2.0
"""Ten thousand commands to one gate, all that can be wrong with them mixed in one stream.

Whether one may pass is told by an account of what was sent before, not by the gate.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
from gantry import LIMITS, Bench
from gate_oracle import breach, only_stops, random_numbers, within_limits

from rlcg_core.gate_checks import GateCommand
from rlcg_core.reasons import GateState
from rlcg_core.types import Action

COUNT = 10_000
WHERE_LOW = np.array([0.34, -0.26, 0.04, -2.0])
WHERE_HIGH = np.array([0.66, 0.26, 0.36, 2.0])
KINDS = {
    "sound": 0.5,
    "random": 0.2,
    "stale": 0.04,
    "future": 0.04,
    "waited": 0.04,
    "same picture": 0.03,
    "replayed": 0.04,
    "reordered": 0.04,
    "of an old episode": 0.03,
    "no time": 0.02,
    "foreign": 0.02,
}


@dataclass
class Stream:
    """A robot that stands still for an episode, the commands to it, and what passed so far."""

    rng: np.random.Generator
    bench: Bench = field(default_factory=Bench)
    joints: np.ndarray = field(default_factory=lambda: np.zeros(4))
    passed: list[GateCommand] = field(default_factory=list)
    over: list[str] = field(default_factory=list)

    def new_episode(self) -> None:
        """Begin anew somewhere else; whatever stopped the arm is reset."""
        if self.passed:
            self.over.append(self.passed[-1].episode_id)
        self.passed = []
        self.bench.episode += 1
        self.joints = self.rng.uniform(WHERE_LOW, WHERE_HIGH)
        self.pass_time(LIMITS.max_command_age_s + LIMITS.reset_cooldown_s + 0.1)
        if self.bench.gate.state is GateState.INACTIVE:
            self.bench.gate.activate(self.bench.now)
        assert self.bench.gate.reset_stop(self.bench.now).accepted

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            self.bench.pass_time(0.05, self.joints)

    def command(self, kind: str) -> GateCommand:
        """Return a command of this kind; the first of an episode has nothing to repeat."""
        now, amount = self.bench.now, float(self.rng.uniform(0.001, 20.0))
        numbers = random_numbers(self.rng) if kind == "random" else self._sound()
        made = self.bench.command(numbers, **self._good_times())
        if kind in ("same picture", "replayed", "reordered") and not self.passed:
            return made
        if kind == "replayed":
            again = self.passed[self.rng.integers(len(self.passed))]
            stamp_s = now.ros_s if self.rng.random() < 0.5 else again.stamp_s
            return replace(again, stamp_s=stamp_s, receipt_s=now.monotonic_s)
        if kind == "of an old episode" and self.over:
            return replace(made, episode_id=str(self.rng.choice(self.over[-900:])))
        changes: dict[str, dict[str, object]] = {
            "stale": {"stamp_s": now.ros_s - LIMITS.max_command_age_s - amount},
            "future": {"stamp_s": now.ros_s + LIMITS.max_future_s + amount},
            "waited": {"receipt_s": now.monotonic_s - LIMITS.max_command_age_s - amount},
            "same picture": {"stamp_s": self.passed[-1].stamp_s if self.passed else now.ros_s},
            "reordered": {"step": max(0, made.step - int(self.rng.integers(2, 9)))},
            "no time": {"stamp_s": float(self.rng.choice([np.nan, np.inf, -np.inf]))},
            "foreign": {"frame_id": "camera"} if amount < 10.0 else {"spec_fingerprint": "0" * 16},
        }
        return replace(made, **changes.get(kind, {}))  # type: ignore[arg-type]

    def _sound(self) -> np.ndarray:
        move, yaw_rad = self.rng.uniform(-0.035, 0.035, 3), self.rng.uniform(-0.5, 0.5)
        return Action(move, yaw_rad).to_array()

    def _good_times(self) -> dict[str, object]:
        """Return times of a picture newer than the last one, all over what is allowed."""
        now, margin_s = self.bench.now, 1e-6
        oldest_s = now.ros_s - LIMITS.max_command_age_s
        after_s = max([oldest_s, *(one.stamp_s for one in self.passed[-1:])]) + margin_s
        stamp_s = self.rng.uniform(after_s, now.ros_s + LIMITS.max_future_s - margin_s)
        waited_s = self.rng.uniform(0.0, LIMITS.max_command_age_s - margin_s)
        return {"stamp_s": stamp_s, "receipt_s": now.monotonic_s - waited_s}

    def fresh(self, command: GateCommand) -> bool:
        """Whether it was neither sent before nor overtaken, by episode, step and picture."""
        before = self.passed[-1] if self.passed else None
        if command.episode_id in self.over:
            return False
        return before is None or command.step > before.step

    def timely(self, command: GateCommand) -> bool:
        """Whether its picture is new, and young enough on both clocks."""
        now = self.bench.now
        ages_s = now.ros_s - command.stamp_s, now.monotonic_s - command.receipt_s
        young = max(ages_s) <= LIMITS.max_command_age_s and ages_s[0] >= -LIMITS.max_future_s
        return young and (not self.passed or command.stamp_s > self.passed[-1].stamp_s)

    def may_pass(self, command: GateCommand) -> bool:
        ours = command.frame_id == "base" and set(command.spec_fingerprint) != {"0"}
        sound = within_limits(command.action, self.joints) and np.isfinite(command.stamp_s)
        # The end of an episode is taken however old it is: it can only stop the arm.
        timely = only_stops(command.action) or self.timely(command)
        return bool(ours and sound and self.fresh(command) and timely)


def test_of_ten_thousand_commands_of_all_kinds_exactly_the_right_ones_pass() -> None:
    stream = Stream(np.random.default_rng(20261121))
    stream.new_episode()
    sent: Counter[str] = Counter()
    through: Counter[str] = Counter()
    for i in range(COUNT):
        kind = str(stream.rng.choice(list(KINDS), p=list(KINDS.values())))
        stream.pass_time(0.05)
        command = stream.command(kind)
        expected = stream.may_pass(command)
        verdict = stream.bench.gate.check(command, stream.bench.now)
        sent[kind] += 1
        through[kind] += expected
        told = f"command {i}, {kind}: {verdict.text}"
        assert verdict.accepted == expected, told
        if not expected:
            _check_stop(stream, told)
            stream.new_episode()
            continue
        assert verdict.motion is not None
        assert not breach(verdict.motion, stream.joints), told
        stream.passed.append(command)
        if command.action[7] > 0.5:
            stream.new_episode()
    assert through["sound"] == sent["sound"]
    assert 0.1 * sent["random"] < through["random"] < 0.9 * sent["random"]
    assert min(sent.values()) > 100


def _check_stop(stream: Stream, told: str) -> None:
    """Check that a refused command stopped the arm where it was, for good."""
    assert stream.bench.gate.state is GateState.STOPPED, told
    again = stream.bench.gate.check(stream.bench.command(Action(np.zeros(3))), stream.bench.now)
    assert not again.accepted, told
    assert again.motion is None, told
