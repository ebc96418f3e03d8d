# SPDX-License-Identifier: Apache-2.0
"""A node that is told to enforce security never runs without it."""

from pathlib import Path

import pytest
from processes import NodeProcess

MODULES = ("rlcg_policy.arm_node", "rlcg_policy.policy_node", "rlcg_policy.camera_node")


@pytest.mark.parametrize("module", MODULES)
def test_a_node_without_keys_does_not_start_where_security_is_enforced(
    module: str, tmp_path: Path, domain: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROS_SECURITY_ENABLE", "true")
    monkeypatch.setenv("ROS_SECURITY_STRATEGY", "Enforce")
    monkeypatch.setenv("ROS_SECURITY_KEYSTORE", str(tmp_path))
    with NodeProcess(module, tmp_path / "log", domain=domain) as node:
        assert node.wait(30.0) == 2, node.output
        assert "error: ROS cannot start: " in node.output
        assert "SECURITY ERROR" in node.output, node.output
        assert f"/rlcg/{module.split('.')[1]}" in node.output


def test_a_node_with_keys_that_it_cannot_use_does_not_start_either(
    tmp_path: Path, domain: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Empty keys; a middleware that was built without security has no use for good ones.
    enclave = tmp_path / "enclaves/rlcg/arm_node"
    enclave.mkdir(parents=True)
    for name in ("identity_ca.cert", "cert", "key", "permissions_ca.cert"):
        (enclave / f"{name}.pem").touch()
    for name in ("governance", "permissions"):
        (enclave / f"{name}.p7s").touch()
    monkeypatch.setenv("ROS_SECURITY_ENABLE", "true")
    monkeypatch.setenv("ROS_SECURITY_STRATEGY", "Enforce")
    monkeypatch.setenv("ROS_SECURITY_KEYSTORE", str(tmp_path))
    with NodeProcess("rlcg_policy.arm_node", tmp_path / "log", domain=domain) as node:
        assert node.wait(30.0) == 2, node.output
        assert "error: ROS cannot " in node.output
        assert "Traceback" not in node.output
