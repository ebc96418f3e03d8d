# SPDX-License-Identifier: Apache-2.0
"""Entry points of the nodes; each imports its node only when it runs."""

from rlcg_core.programs import start


def arm_node() -> None:
    """Run the gate."""
    start("rlcg_policy.arm_node")


def base_node() -> None:
    """Run the base's gate."""
    start("rlcg_policy.base_node")


def camera_node() -> None:
    """Run the camera."""
    start("rlcg_policy.camera_node")


def evaluate_node() -> None:
    """Run an evaluation."""
    start("rlcg_policy.evaluate_node")


def label_node() -> None:
    """Answer an evaluation's questions in a terminal."""
    start("rlcg_policy.label_node")


def policy_node() -> None:
    """Run the policy."""
    start("rlcg_policy.policy_node")


def snapshot_node() -> None:
    """Run the saving of pictures with joints."""
    start("rlcg_policy.snapshot_node")
