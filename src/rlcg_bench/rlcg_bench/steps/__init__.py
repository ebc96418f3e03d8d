# SPDX-License-Identifier: Apache-2.0
"""Ways to take one decision: each module builds a `Step` from what was prepared for it.

A module is imported only in the process that runs it, so that none pays for another's libraries.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rlcg_bench.frame import Answer, Frame

Step = Callable[[Frame], Answer]


@dataclass(frozen=True)
class Setup:
    """What a step is built from; plain data, for it crosses into another process.

    ``model``: folder of the bundle. ``work``: folder of graphs, network and frames made for this
    run. ``graph``: file in ``work`` of those that run one. ``plan``: provider and precision.
    ``channels_last``: torch's other memory layout; its own is the one that ports have.
    """

    model: str
    work: str
    threads: int
    graph: str = ""
    plan: str = "cpu-float32"
    channels_last: bool = False
