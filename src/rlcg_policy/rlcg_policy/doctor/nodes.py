# SPDX-License-Identifier: Apache-2.0
"""The nodes on the domain: those of ours, how they are, and who else is there."""

from rlcg_core.evidence import Graph, Heard
from rlcg_core.health import Level
from rlcg_core.reasons import GateState
from rlcg_policy.doctor.finding import Findings
from rlcg_policy.doctor.wiring import resolved

OURS = (
    "policy_node",
    "arm_node",
    "base_node",
    "camera_node",
    "sim_node",
    "evaluate_node",
    "label_node",
    "record_node",
    "snapshot_node",
)
MANAGED = ("policy_node", "arm_node", "base_node", "camera_node")


def our_nodes(namespace: str) -> tuple[str, ...]:
    """Return the full names of all nodes that rlcg has."""
    return tuple(resolved(namespace, name) for name in OURS)


def check_nodes(report: Findings, graph: Graph, namespace: str, expected: tuple[str, ...]) -> None:
    """Add which nodes run; ``expected`` are named where they do not."""
    known = our_nodes(namespace)
    ours = sorted({node for node in graph.nodes if node in known})
    others = sorted({node for node in graph.nodes if node not in known})
    if ours:
        report.ok("nodes", f"{', '.join(ours)} run")
    for name in expected:
        if resolved(namespace, name) not in ours:
            remedy = (
                "start a launch file, or set ROS_DOMAIN_ID and --namespace to those of the nodes"
            )
            report.absent("nodes", f"{resolved(namespace, name)} does not run", remedy)
    report.ok("other nodes", ", ".join(others) if others else "none")
    for node in sorted({node for node in graph.nodes if graph.nodes.count(node) > 1}):
        count = graph.nodes.count(node)
        report.error("nodes", f"{count} nodes are named {node}", "one", "end the others")


def check_states(report: Findings, graph: Graph, namespace: str) -> None:
    """Add managed nodes that are not active."""
    for name in MANAGED:
        node = resolved(namespace, name)
        state = graph.states.get(node, "")
        if state == "active":
            report.ok("lifecycle", f"{node} is active")
        elif state:
            verb = "activate" if state == "inactive" else "configure"
            remedy = f"ros2 lifecycle set {node} {verb}, or see its log"
            report.warning("lifecycle", f"{node} is {state}", "active", remedy)
        elif graph.runs(node):
            remedy = "see its log; it may be loading, or hang"
            report.warning("lifecycle", f"{node} does not answer", "an answer", remedy)


def check_gate(report: Findings, heard: Heard) -> None:
    """Add what the gate says of itself."""
    if heard.gate is None:
        return
    if heard.gate is GateState.READY:
        report.ok("gate", "ready")
        return
    remedy = "mend that, then ros2 service call /arm_node/reset_stop std_srvs/srv/Trigger"
    stopped = heard.gate is GateState.STOPPED
    report.warning(
        "gate", f"{heard.gate.name}: {heard.gate_text}", "READY", remedy if stopped else ""
    )


def check_alarms(report: Findings, heard: Heard) -> None:
    """Add what nodes complain about in /diagnostics."""
    for name, health in sorted(heard.alarms.items()):
        add = report.error if health.level is Level.ERROR else report.warning
        add("diagnostics", f"{name}: {health.message}")
    if not heard.alarms and heard.tasks:
        report.ok("diagnostics", f"{heard.tasks} tasks are well")


def check_served(report: Findings, heard: Heard, digest: str) -> None:
    """Add whether policy_node serves the bundle that lies on the disk."""
    if heard.digest and heard.digest != digest:
        report.warning(
            "model",
            f"policy_node serves digest {heard.digest}",
            f"{digest}, which is on the disk",
            "restart it, or give its model by --model",
        )
    elif heard.digest:
        report.ok("model", f"policy_node serves digest {heard.digest}")
