# SPDX-License-Identifier: Apache-2.0
"""One ROS domain per test run, traffic in shared memory only, and hypothesis without deadlines."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# Set before rclpy is imported anywhere, and inherited by the nodes that the tests start.
os.environ.setdefault("ROS_DOMAIN_ID", str(121 + os.getpid() % 100))
os.environ.setdefault("FASTDDS_DEFAULT_PROFILES_FILE", str(ROOT / "config/fastdds_shm_only.xml"))
for _name in ("ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_LOCALHOST_ONLY"):
    os.environ.pop(_name, None)

# Deadlines of single examples measure the load of the machine, not the code.
settings.register_profile("rlcg", deadline=None)
settings.load_profile("rlcg")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the repository."""
    return ROOT
