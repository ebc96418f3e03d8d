# SPDX-License-Identifier: Apache-2.0
"""One line of `rlcg doctor`: what was looked at, how it is, and what to do."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from rlcg_core.errors import RlcgError


class Grade(Enum):
    """How a finding is: ``absent`` is what does not run, which may be meant."""

    OK = "ok"
    ABSENT = "absent"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """What was found by a check, what was expected if that is another thing, what to do then."""

    check: str
    grade: Grade
    found: str
    expected: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        """Return the line."""
        expected = f", expected {self.expected}" if self.expected else ""
        remedy = f": {self.remedy}" if self.remedy else ""
        return f"{self.grade.value:<8} {self.check}: {self.found}{expected}{remedy}"


class Findings(list[Finding]):
    """Findings in the order of the checks; each method adds one."""

    def ok(self, check: str, found: str) -> None:
        """Add what is as it should be."""
        self.append(Finding(check, Grade.OK, found))

    def absent(self, check: str, found: str, remedy: str = "") -> None:
        """Add what does not run."""
        self.append(Finding(check, Grade.ABSENT, found, remedy=remedy))

    def warning(self, check: str, found: str, expected: str = "", remedy: str = "") -> None:
        """Add what works, but worse than it could, or may surprise."""
        self.append(Finding(check, Grade.WARNING, found, expected, remedy))

    def error(self, check: str, found: str, expected: str = "", remedy: str = "") -> None:
        """Add what cannot work."""
        self.append(Finding(check, Grade.ERROR, found, expected, remedy))

    @contextmanager
    def attempt(self, check: str) -> Iterator[None]:
        """Make what a check raises an error of that check; its message says what to do."""
        try:
            yield
        except (RlcgError, OSError, ImportError) as error:
            self.error(check, " ".join(str(error).split()))


def worst(findings: Iterable[Finding]) -> Grade:
    """Return the worst grade, ok for no findings."""
    order = list(Grade)
    return max((f.grade for f in findings), key=order.index, default=Grade.OK)


def exit_code(findings: Iterable[Finding], strict: bool) -> int:
    """Return 1 for an error, or with ``strict`` for a warning, else 0."""
    bad = {Grade.ERROR, Grade.WARNING} if strict else {Grade.ERROR}
    return int(worst(findings) in bad)
