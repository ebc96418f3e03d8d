# SPDX-License-Identifier: Apache-2.0
"""The policy against running nodes: all that they do is allowed, the arm is the gate's alone."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from launched import Launched
from pictures import striped, write_folder
from processes import NodeProcess, parameters
from ros_bench import RosBench
from sros2_policy import Grant, Use, read, uses

from rlcg_policy.security.policy_file import FILE, adapted

pytestmark = pytest.mark.system

START_S = 60.0
COMMANDS = {
    "joint_trajectory": "joint_trajectory",
    "joint_positions": "joint_positions",
    "twist": "target_twist",
    "pose": "target_pose",
}
CELL = ("sim_node", "arm_node", "policy_node", "evaluate_node")
# Node -> what it has when it is there whole.
LAST = {
    "arm_node": Use("topics", "publish", "/diagnostics"),
    "policy_node": Use("topics", "publish", "/diagnostics"),
    "base_node": Use("topics", "publish", "/diagnostics"),
    "camera_node": Use("services", "reply", "{ns}/set_capture"),
    "evaluate_node": Use("actions", "call", "{ns}/policy_node/grasp"),
    "record_node": Use("topics", "publish", "/diagnostics"),
    "sim_node": Use("services", "reply", "{ns}/sim_node/step"),
    "label_node": Use("topics", "subscribe", "{ns}/evaluate_node/question"),
    "snapshot_node": Use("services", "reply", "{ns}/snapshot_node/save"),
}


class Graph(RosBench):
    """Sees the graph of a domain and holds it against the policy."""

    def __init__(self, policy: Path, domain: int) -> None:
        super().__init__(domain)
        self._policy = policy

    def grant(self, name: str, namespace: str) -> Grant:
        grants = {grant.node: grant for grant in read(adapted(self._policy, {}, namespace))}
        return grants[name]

    def complete(self, name: str, namespace: str) -> bool:
        mark, full = LAST[name], namespace.rstrip("/")
        wanted = Use(mark.kind, mark.right, mark.name.format(ns=full))
        here = self.node.get_node_names_and_namespaces()
        return (name, namespace) in here and wanted in uses(self.node, name, namespace)

    def check(self, name: str, namespace: str = "/") -> set[Use]:
        """Wait for a node; return what it does, all of which is allowed to its enclave."""
        self.until(lambda: self.complete(name, namespace), f"{namespace} {name}", START_S)
        grant, found = self.grant(name, namespace), uses(self.node, name, namespace)
        enclaves = {
            where
            for one, place, where in self.node.get_node_names_and_namespaces_with_enclaves()
            if (one, place) == (name, namespace)
        }
        assert enclaves == {grant.enclave}
        assert found <= grant.allowed, f"{name} does, and may not: {sorted(found - grant.allowed)}"
        return found

    def publishers(self, topic: str) -> set[str]:
        return {info.node_name for info in self.node.get_publishers_info_by_topic(topic)}


@pytest.fixture
def graph(repository: Path, domain: int) -> Iterator[Graph]:
    with Graph(repository / FILE, domain) as made:
        yield made


@pytest.mark.slow
def test_a_grasping_cell_does_what_its_enclaves_may_and_no_more(
    graph: Graph, tmp_path: Path, domain: int
) -> None:
    words = ("backend:=mock", "grasps:=10000", f"run_directory:={tmp_path}")
    recorder = parameters(bag_directory=tmp_path / "bags")
    with (
        Launched(*words, folder=tmp_path, domain=domain),
        NodeProcess("rlcg_record.record_node", tmp_path / "r.log", *recorder, domain=domain),
    ):
        seen = {name: graph.check(name) for name in (*CELL, "record_node")}
        for topic in ("/joint_trajectory", "/gripper_command"):
            assert graph.publishers(topic) == {"arm_node"}
        assert graph.publishers("/grasp_command") <= {"policy_node", "evaluate_node"}
        listens = Use("topics", "subscribe", "/image_raw")
        graph.until(
            lambda: listens in uses(graph.node, "record_node", "/"), "recorder that listens"
        )
        graph.check("record_node")
    assert Use("topics", "publish", "/joint_trajectory") in seen["arm_node"]
    assert Use("actions", "execute", "/policy_node/grasp") in seen["policy_node"]


@pytest.mark.slow
def test_the_programs_beside_the_cell_do_what_their_enclaves_may(
    graph: Graph, tmp_path: Path, domain: int
) -> None:
    place = ("-r", "__ns:=/cell_1")
    pictures = write_folder(tmp_path / "pictures", [striped()])
    given = {
        "rlcg_policy.camera_node": parameters(autostart=True, video_device=pictures),
        "rlcg_policy.base_node": [],
        "rlcg_policy.label_node": [],
        "rlcg_policy.snapshot_node": parameters(folder=tmp_path / "snapshots"),
        # At a robot it looks into the gripper, by commands to the gate, and asks people.
        "rlcg_policy.evaluate_node": [
            *parameters(backend="robot", run_directory=tmp_path / "runs"),
            *("-p", "outcome_sources:=[gripper_opening, operator]"),
        ],
    }
    with ExitStack() as stack:
        for module, words in given.items():
            log = tmp_path / f"{module}.log"
            stack.enter_context(
                NodeProcess(module, log, *place, *words, domain=domain, stdin=subprocess.PIPE)
            )
        for module in given:
            graph.check(module.split(".")[1], "/cell_1")
        assert graph.publishers("/cell_1/grasp_command") == {"evaluate_node"}


@pytest.mark.slow
def test_in_every_mode_the_gate_commands_by_a_topic_that_is_its_own(
    graph: Graph, tmp_path: Path, domain: int
) -> None:
    with ExitStack() as stack:
        for mode in COMMANDS:
            words = parameters(autostart=True, command_mode=mode, gripper_mode="joint_positions")
            log = tmp_path / f"{mode}.log"
            place = ("-r", f"__ns:=/by_{mode}")
            node = NodeProcess("rlcg_policy.arm_node", log, *place, *words, domain=domain)
            stack.enter_context(node)
        for mode, topic in COMMANDS.items():
            found = graph.check("arm_node", f"/by_{mode}")
            assert Use("topics", "publish", f"/by_{mode}/{topic}") in found
            assert graph.publishers(f"/by_{mode}/{topic}") == {"arm_node"}


def test_an_enclave_that_is_named_wins_over_the_programs_own(
    graph: Graph, tmp_path: Path, domain: int
) -> None:
    words = parameters(folder=tmp_path / "snapshots")
    named = ("--enclave", "/site/camera_room")
    with NodeProcess("rlcg_policy.snapshot_node", tmp_path / "log", *words, *named, domain=domain):
        graph.until(lambda: graph.complete("snapshot_node", "/"), "snapshot_node", START_S)
        found = graph.node.get_node_names_and_namespaces_with_enclaves()
        assert ("snapshot_node", "/", "/site/camera_room") in found
