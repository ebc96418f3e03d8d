# SPDX-License-Identifier: Apache-2.0
"""A Dockerfile as stages of instructions, as far as our tests ask about it."""

import re
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Stage:
    """What stands between a FROM and the next: name, base, and (instruction, words) in order."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        """Return the words of each such instruction."""
        return [words for name, words in self.instructions if name == instruction]


def read(path: Path, **arguments: str) -> dict[str, Stage]:
    """Return the stages by name; ``${NAME}`` in a FROM takes the argument of that name."""
    stages: dict[str, Stage] = {}
    stage = None
    for name, words in _instructions(path.read_text()):
        if name == "FROM":
            base, _, own = re.sub(r"\$\{(\w+)\}", lambda m: arguments[m[1]], words).partition(
                " AS "
            )
            stage = stages[own] = Stage(own, base)
        elif stage is not None:
            stage.instructions.append((name, words))
    return stages


def lineage(stages: dict[str, Stage], name: str) -> list[Stage]:
    """Return the stage and those that it is made from, itself first."""
    found = [stages[name]]
    while found[-1].base in stages:
        found.append(stages[found[-1].base])
    return found


def effective(stages: dict[str, Stage], name: str, instruction: str) -> str:
    """Return the words of the last such instruction that counts for this stage, else ''."""
    for stage in lineage(stages, name):
        if stage.all(instruction):
            return stage.all(instruction)[-1]
    return ""


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines()]
