# SPDX-License-Identifier: Apache-2.0
"""A station that plays attempts given in advance, and the book of a run in a temporary folder."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rlcg_core.outcome_sources import Judgement, Source
from rlcg_core.reasons import Outcome
from rlcg_core.reasons import TerminationReason as Reason
from rlcg_core.station import Attempt, Scene, Wish
from rlcg_policy.evaluate_parameters import EvaluateParameters
from rlcg_policy.report.folder import RunFolder
from rlcg_policy.report.record import GraspRecord
from rlcg_policy.run_book import RunBook
from rlcg_policy.run_setup import open_book

FRAME = np.zeros((256, 320, 3), np.uint8)
MODEL = ("tiny", "0123456789abcdef")
GOOD = Attempt(
    Reason.POLICY_TERMINATED,
    "",
    steps=3,
    last_q=0.9,
    step_ms=(20.0, 22.0, 1.0),
    image_to_command_ms=(25.0, 27.0, 2.0),
    network_ran=(True, True, False),
    model="tiny",
    frames=(FRAME, FRAME),
)


@dataclass
class FakeStation:
    """Plays attempts in turn, the last one for ever; ``truths`` likewise.

    The object lifted in a success is the first that lies in the bin.
    """

    attempts: list[Attempt] = field(default_factory=lambda: [GOOD])
    truths: list[Outcome] = field(default_factory=lambda: [Outcome.SUCCESS])
    wishes: list[Wish] = field(default_factory=list)
    judged: int = 0

    def reset(self, wish: Wish) -> Scene:
        self.wishes.append(wish)
        return Scene("egl", tuple(f"{wish.objects}_{i}" for i in range(wish.filling.count or 5)))

    def grasp(self, seed: int) -> Attempt:
        assert seed == self.wishes[-1].seed + 1
        return self.attempts[min(len(self.wishes), len(self.attempts)) - 1]

    def judge(self, sources: Sequence[Source]) -> tuple[Judgement, ...]:
        truth = self.truths[min(self.judged, len(self.truths) - 1)]
        self.judged += 1
        inside = [i for i in range(6) if i not in self.wishes[-1].filling.without]
        lifted = tuple(inside[:1]) if truth is Outcome.SUCCESS else ()
        return tuple(Judgement(one, truth, "fake", lifted, inside[0]) for one in sources)


def open_run(
    folder: Path, records: list[GraspRecord] | None = None, **changed: object
) -> tuple[RunBook, RunFolder]:
    """Return the book of a run of three scenes below ``folder``, with parameters changed."""
    values = {"run_directory": str(folder / "runs"), "grasps": 3, "seed": 5, "objects": "some"}
    settings = EvaluateParameters(**{**values, **changed})  # type: ignore[arg-type]
    on_record = (lambda record: None) if records is None else records.append
    return open_book(settings, [MODEL] * len(settings.robots), on_record)
