# SPDX-License-Identifier: Apache-2.0
"""How a part of a program does, in the terms of diagnostic_msgs/DiagnosticStatus."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Level(IntEnum):
    """Levels of diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True)
class Health:
    """How one task of a node does: a level, a sentence, and values for the record."""

    level: Level
    message: str
    values: Mapping[str, object] = field(default_factory=dict)
