# SPDX-License-Identifier: Apache-2.0
"""One clock for all: /clock is published by one node if, and only if, ours use it."""

from rlcg_core.evidence import Graph, Heard
from rlcg_policy.doctor.finding import Findings
from rlcg_policy.doctor.nodes import our_nodes
from rlcg_policy.doctor.wiring import resolved

# What they do depends on the time; the others only stamp what they write.
ACTING = ("policy_node", "arm_node", "evaluate_node")
CLOCK = "/clock"


def is_simulated(graph: Graph, namespace: str) -> bool:
    """Return whether time is that of a simulator: as the acting nodes say, else by /clock."""
    acting = [resolved(namespace, name) for name in ACTING]
    told = [graph.asked(node, "use_sim_time", None) for node in acting]
    known = [value for value in told if value is not None]
    return any(known) if known else bool(graph.sides(CLOCK, publishes=True))


def check_clock(report: Findings, graph: Graph, heard: Heard, namespace: str) -> None:
    """Add who publishes /clock, who uses it, and who should."""
    publishers = sorted(one.node for one in graph.sides(CLOCK, publishes=True))
    uses = {n: p["use_sim_time"] for n, p in graph.parameters.items() if "use_sim_time" in p}
    users = sorted(node for node, value in uses.items() if value)
    if not publishers and not users:
        report.ok("clock", "the system's; nobody publishes /clock")
    elif not publishers:
        report.error(
            "clock",
            f"{', '.join(users)} use /clock, which nobody publishes: their time stands at 0",
            "use_sim_time false on a robot, or a simulator",
        )
    elif len(publishers) > 1:
        text = f"{', '.join(publishers)} publish /clock"
        report.error("clock", text, "one of them", "end the others")
    else:
        _check_users(report, heard, publishers[0], uses, namespace)


def _check_users(
    report: Findings, heard: Heard, publisher: str, uses: dict[str, bool], namespace: str
) -> None:
    ours = set(our_nodes(namespace)) - {publisher}
    others = sorted(node for node, value in uses.items() if not value and node in ours)
    acting = [node for node in others if node in {resolved(namespace, name) for name in ACTING}]
    remedy = "start them with use_sim_time:=true, or end the simulator"
    if acting:
        text = f"{', '.join(acting)} use the system's time while {publisher} publishes /clock"
        report.error("clock", text, "one time for all", remedy)
    elif others:
        text = f"{', '.join(others)} stamp by the system's time while {publisher} publishes /clock"
        report.warning("clock", text, "one time for all", remedy)
    if not heard.clock.stamps_s:
        text = f"{publisher} publishes /clock, but none came"
        report.error("clock", text, "the time", "see its log")
    elif not others:
        report.ok("clock", f"{publisher}'s /clock, which all nodes of ours use")
