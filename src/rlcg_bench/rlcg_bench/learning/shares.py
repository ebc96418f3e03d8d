# SPDX-License-Identifier: Apache-2.0
"""Where a learner's time goes, by kinds of operations, as torch's profiler counts them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from torch.profiler import ProfilerActivity, profile

# The first that is part of an operation's name counts it.
KINDS = (
    ("gradient of convolutions", ("convolution_backward",)),
    ("convolutions", ("mkldnn_convolution", "convolution", "conv2d")),
    ("cutting patches", ("grid_sampler",)),
    ("matrix products", ("addmm", "mm", "linear")),
    ("norms", ("batch_norm",)),
    ("optimizer and averages", ("_foreach", "lerp", "addcdiv", "addcmul")),
    ("copies and changes of type", ("copy_", "cat", "stack", "index", "gather")),
)
OTHER, OUTSIDE = "other arithmetic", "outside of torch"


@dataclass(frozen=True)
class Share:
    """A kind of work and its part of the whole, 0 to 1."""

    what: str
    part: float


def shares(step: Callable[[], int]) -> tuple[Share, ...]:
    """Run a step once to warm up and once under the profiler; return the shares, largest first."""
    step()
    started = time.perf_counter()
    with profile(activities=[ProfilerActivity.CPU]) as found:
        step()
        whole_us = 1e6 * (time.perf_counter() - started)
    spent: dict[str, float] = {}
    for event in found.key_averages():
        kind = kind_of(event.key)
        spent[kind] = spent.get(kind, 0.0) + event.self_cpu_time_total
    spent[OUTSIDE] = max(0.0, whole_us - sum(spent.values()))
    total = sum(spent.values())
    made = [Share(kind, time_us / total) for kind, time_us in spent.items()]
    return tuple(sorted(made, key=lambda share: -share.part))


def kind_of(operation: str) -> str:
    """Return the kind that an operation of torch belongs to."""
    for kind, parts in KINDS:
        if any(part in operation for part in parts):
            return kind
    return OTHER
