# SPDX-License-Identifier: Apache-2.0
"""One interleaved run: in every round each variant once, in a new order, on the same frame.

What the machine does meanwhile hits all of them alike, so that ratios hold where times do not.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from rlcg_bench.contestant import Contestant, Timing
from rlcg_bench.steps import Setup
from rlcg_bench.variants import Variant


@dataclass
class Rounds:
    """Timings by name of the variant, by frame; grows while the run goes on."""

    timings: dict[str, dict[int, Timing]] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    complete: bool = False

    def add(self, name: str, frame: int, timing: Timing) -> None:
        """Keep one answer."""
        self.timings.setdefault(name, {})[frame] = timing


def schedule(
    variants: Sequence[Variant], rounds: int, seed: int
) -> Iterator[tuple[int, list[Variant]]]:
    """Yield the frame of each round and its variants in a random order of its own."""
    rng = np.random.default_rng(seed)
    for number in range(rounds):
        due = [variant for variant in variants if number % variant.every == 0]
        yield number, [due[k] for k in rng.permutation(len(due))]


def run(variants: Sequence[Variant], setup: Setup, rounds: int, seed: int) -> Rounds:
    """Run all rounds; interrupted, return those that were finished before.

    Raises `ConfigError` naming the variant whose process fails.
    """
    found = Rounds()
    with ExitStack() as stack:
        children = {variant.name: start(variant, setup, stack) for variant in variants}
        try:
            for name, child in tqdm(children.items(), desc="start", unit="variant"):
                found.versions[name] = child.wait_ready().versions
            _run(list(schedule(variants, rounds, seed)), children, found)
            found.complete = True
        except KeyboardInterrupt:
            print("interrupted: the table below is of the rounds that were finished")
    return found


def start(variant: Variant, setup: Setup, stack: ExitStack) -> Contestant:
    """Start a variant's process; ``stack`` ends it."""
    own = Setup(**{**vars(setup), **variant.options})
    child = Contestant(variant.name, variant.kind, own, variant.warm_up, variant.python)
    stack.callback(child.close)
    return child


def _run(
    plan: list[tuple[int, list[Variant]]], children: dict[str, Contestant], found: Rounds
) -> None:
    with tqdm(total=sum(len(due) for _, due in plan), desc="rounds", unit="run") as progress:
        for frame, due in plan:
            answers = {}
            for variant in due:
                answers[variant.name] = children[variant.name].ask(frame)
                progress.update()
            # Whole rounds only, so that all variants have seen the same frames.
            for name, timing in answers.items():
                found.add(name, frame, timing)
