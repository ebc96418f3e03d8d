# SPDX-License-Identifier: Apache-2.0
"""Outcomes of a measurement in a file, a letter each, so that it goes on where it stopped."""

import os
from dataclasses import dataclass
from pathlib import Path

from rlcg_core.errors import DataError
from rlcg_core.reasons import Outcome
from rlcg_train.adapt.results import FAILURE, INVALID, SUCCESS

LETTERS = {Outcome.SUCCESS: SUCCESS, Outcome.INVALID: INVALID, Outcome.FAILURE: FAILURE}
OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items()}


def letter(outcome: Outcome) -> str:
    """Return the letter of an outcome; what is neither success nor invalid is a failure."""
    return LETTERS.get(outcome, FAILURE)


@dataclass(frozen=True)
class Tally:
    """A file of two lines: ``about``, what was measured and how, and the outcomes in order.

    ``path`` None keeps nothing.
    """

    path: Path | None
    about: str

    def read(self) -> list[Outcome]:
        """Return the outcomes so far; none of a file that is about something else.

        Raises `DataError` for what is no such file.
        """
        if self.path is None or not self.path.exists():
            return []
        about, _, letters = self.path.read_text(errors="replace").partition("\n")
        if about != self.about:
            return []
        strange = set(letters.strip()) - set(OUTCOMES)
        if strange:
            raise DataError(
                f"{self.path} holds {sorted(strange)}, expected outcomes {sorted(OUTCOMES)}: "
                "delete it, then all is measured again"
            )
        return [OUTCOMES[one] for one in letters.strip()]

    def write(self, outcomes: list[Outcome]) -> None:
        """Store all outcomes so far; the file changes as a whole."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(f"{self.about}\n{''.join(map(letter, outcomes))}\n")
        os.replace(part, self.path)
