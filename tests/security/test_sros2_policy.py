# SPDX-License-Identifier: Apache-2.0
"""The SROS 2 policy grants what each program needs, and the arm to the gate alone."""

import re
from pathlib import Path

import pytest
from sros2_policy import Use, read

from rlcg_core.errors import ConfigError
from rlcg_policy import profile
from rlcg_policy.security.policy_file import FILE, adapted, enclaves

COMMANDS = {"joint_trajectory", "joint_positions", "target_twist", "target_pose", "gripper_command"}
ROBOTS = ("generic_ros2_control", "kuka_iiwa_lbr", "sim", "sim_robot2")
GATE, BASE, OPERATOR = "/rlcg/arm_node", "/rlcg/base_node", "/rlcg/operator"


@pytest.fixture
def policy(repository: Path) -> Path:
    return repository / FILE


def who_may(text: str, kind: str, right: str, name: str) -> set[str]:
    wanted = Use(kind, right, name)
    return {grant.enclave for grant in read(text) if wanted in grant.allowed}


def topics_of(repository: Path, robot: str) -> dict[str, str]:
    return dict(profile.load(profile.find(robot, repository)).topics)


@pytest.mark.parametrize("robot", ROBOTS)
@pytest.mark.parametrize("namespace", ["", "cell_1", "/site/cell_1/"])
def test_only_the_gate_may_command_the_arm_and_the_gripper(
    repository: Path, policy: Path, robot: str, namespace: str
) -> None:
    topics = topics_of(repository, robot)
    text = adapted(policy, topics, namespace)
    prefix = f"/{namespace.strip('/')}".rstrip("/")
    for name in COMMANDS:
        target = topics.get(name, name)
        full = target if target.startswith("/") else f"{prefix}/{target}"
        assert who_may(text, "topics", "publish", full) == {GATE}
    action = topics.get("gripper_cmd", "gripper_cmd")
    full = action if action.startswith("/") else f"{prefix}/{action}"
    assert who_may(text, "actions", "call", full) == {GATE}


def test_only_the_gate_of_a_base_may_drive_it(policy: Path) -> None:
    assert who_may(policy.read_text(), "topics", "publish", "/cmd_vel") == {BASE}
    asks = who_may(policy.read_text(), "services", "request", "/base_node/reset_stop")
    assert asks == {OPERATOR, "/rlcg/evaluate_node"}


def test_the_modes_of_the_gate_have_no_other_topics(repository: Path) -> None:
    outputs = (repository / "src/rlcg_ros/rlcg_ros/outputs").glob("*.py")
    text = "\n".join(path.read_text() for path in outputs)
    names = set(re.findall(r'create_lifecycle_publisher\(\s*\w+,\s*"(\w+)"', text))
    assert names | {"gripper_command"} == COMMANDS
    assert 'TOPIC = "gripper_command"' in text
    assert 'ACTION = "gripper_cmd"' in text


def test_only_policy_and_evaluation_may_command_the_gate(policy: Path) -> None:
    allowed = who_may(policy.read_text(), "topics", "publish", "/grasp_command")
    assert allowed == {"/rlcg/policy_node", "/rlcg/evaluate_node"}


def test_only_people_may_set_parameters_or_change_states(policy: Path) -> None:
    for grant in read(policy.read_text()):
        asks = {use.name.rsplit("/", 1)[1] for use in grant.allowed if use.right == "request"}
        if grant.enclave != OPERATOR:
            assert not asks & {"set_parameters", "set_parameters_atomically", "change_state"}


def test_a_stop_is_reset_by_people_and_in_evaluations_alone(policy: Path) -> None:
    asks = who_may(policy.read_text(), "services", "request", "/arm_node/reset_stop")
    assert asks == {OPERATOR, "/rlcg/evaluate_node"}


def test_every_program_has_an_enclave_of_its_name(repository: Path, policy: Path) -> None:
    programs = set()
    for package in ("rlcg_policy", "rlcg_sim", "rlcg_record"):
        setup = (repository / "src" / package / "setup.py").read_text()
        programs |= set(re.findall(r'"(\w+_node) = ', setup))
    paths = enclaves(policy.read_text())
    assert len(paths) == len(set(paths))
    assert set(paths) == {f"/rlcg/{name}" for name in programs} | {OPERATOR}
    assert all(grant.enclave == f"/rlcg/{grant.node}" for grant in read(policy.read_text()))


def test_a_robots_names_stand_in_for_ours(repository: Path, policy: Path) -> None:
    topics = topics_of(repository, "kuka_iiwa_lbr")
    policy_text = adapted(policy, topics, "")
    ours = {f"/{name}" for name in topics}
    names = {use.name for grant in read(policy_text) for use in grant.allowed}
    assert not ours & names
    assert {name for name in topics.values() if not name.startswith("/camera")} - names == set()
    looks = who_may(policy_text, "topics", "subscribe", "/camera/image_raw/compressed")
    assert {"/rlcg/policy_node", "/rlcg/record_node"} <= looks


@pytest.mark.parametrize("namespace", ["a b", "1st", 'x"/>', "a//b", "~"])
def test_a_namespace_that_is_none_is_refused(policy: Path, namespace: str) -> None:
    with pytest.raises(ConfigError, match="namespace is"):
        adapted(policy, {}, namespace)


def test_a_file_that_is_no_policy_is_refused(tmp_path: Path) -> None:
    (tmp_path / "policy.xml").write_text("<policy>")
    with pytest.raises(ConfigError, match="cannot be read as a policy"):
        adapted(tmp_path / "policy.xml", {}, "")
