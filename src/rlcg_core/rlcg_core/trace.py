# SPDX-License-Identifier: Apache-2.0
"""All that one decision is a function of, for the record and for repeating it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rlcg_core.rule import RuleMemory
from rlcg_core.types import Decision, ImageArray, Observation


@dataclass(frozen=True)
class Trace:
    """A decision with its causes.

    ``memory``: the rule's before the decision. ``inputs``: the graph's inputs by name, as they
    were fed, with or without the image; empty where the network did not run.
    """

    observation: Observation
    memory: RuleMemory
    inputs: Mapping[str, npt.NDArray[Any]]
    decision: Decision


def image_digest(image_hwc: ImageArray) -> bytes:
    """Return the SHA-256 (32 bytes) of an image's RGB bytes, row by row."""
    return hashlib.sha256(np.ascontiguousarray(image_hwc).data).digest()
