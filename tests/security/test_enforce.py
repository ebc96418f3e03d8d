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
