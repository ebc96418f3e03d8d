# SPDX-License-Identifier: Apache-2.0
"""Samples of soaks that never were: steady ones, and such in which something grows."""

from collections.abc import Callable

from rlcg_bench.soak.log import Grasp, Sample
from rlcg_bench.soak.usage import Usage

CELL = ("sim_node", "arm_node", "policy_node", "record_node")
PERIOD_S = 5.0
EVALUATION_S = 120.0
Rise = Callable[[float], float]


def flat(hours: float) -> float:
    return 0.0


def samples(
    minutes: float,
    memory_mb: Rise = flat,
    files: Rise = flat,
    latency_ms: Rise = flat,
    session: int = 0,
    recorded: bool = True,
) -> list[Sample]:
    """Return samples in which arm_node's memory and files, and all latencies, rise by so much.

    Each rise is a function of the hours since the begin. Noise lies on everything.
    """
    found = []
    for number in range(round(60.0 * minutes / PERIOD_S)):
        time_s = (number + 1) * PERIOD_S
        hours, noise = time_s / 3600.0, (number * 7919 % 13) / 13.0
        processes = [
            Usage(name, 100 * session + i, 200.0 + noise, 20, 10) for i, name in enumerate(CELL)
        ]
        arm = processes[1]
        processes[1] = Usage(
            arm.name, arm.pid, arm.rss_mb + memory_mb(hours), 20 + int(files(hours)), 10
        )
        evaluation = 1000 * (session + 1) + int(time_s / EVALUATION_S)
        processes.append(Usage("evaluate_node", evaluation, 150.0 + noise, 12, 8))
        step_ms = 20.0 + 5.0 * noise + latency_ms(hours)
        grasp = Grasp((step_ms, step_ms + 9.0), (step_ms + 3.0,), "success", recorded)
        found.append(Sample(session, time_s, 1.0, tuple(processes), (grasp,)))
    return found
