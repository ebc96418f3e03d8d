# SPDX-License-Identifier: Apache-2.0
"""One node of a name per ROS domain: the one that was there first stays."""

import fcntl
import os
import tempfile
from pathlib import Path

from rclpy.node import Node

from rlcg_core.errors import ConfigError


def hold_name(node: Node) -> None:
    """Lock the node's name on this machine until the process ends, however it ends.

    The graph tells of nodes on other machines too, but late, and to both at once; the lock tells
    the newcomer alone, at once. Raises `ConfigError` when another process of this user holds it.
    """
    name = node.get_fully_qualified_name().replace("/", ".")
    file = Path(tempfile.gettempdir()) / f"rlcg-{os.getuid()}-domain-{domain()}{name}.lock"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise taken(node) from error


def domain() -> str:
    """Return the ROS domain as the user gave it."""
    return os.environ.get("ROS_DOMAIN_ID") or "0"


def taken(node: Node) -> ConfigError:
    """Return the error for a name that is in use."""
    return ConfigError(
        f"a node {node.get_fully_qualified_name()} runs on ROS domain {domain()} already, "
        "expected none: end it, or set ROS_DOMAIN_ID to a free number"
    )
