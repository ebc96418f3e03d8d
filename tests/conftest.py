# SPDX-License-Identifier: Apache-2.0
"""One ROS domain per test run, traffic in shared memory only, and hypothesis without deadlines."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# Set before rclpy is imported anywhere, and inherited by the nodes that the tests start.
os.environ.setdefault("ROS_DOMAIN_ID", str(121 + os.getpid() % 100))
os.environ.setdefault("FASTDDS_DEFAULT_PROFILES_FILE", str(ROOT / "config/fastdds_shm_only.xml"))
for _name in ("ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_LOCALHOST_ONLY"):
    os.environ.pop(_name, None)

# A job that a shell started in the background ignores Ctrl-C, and so does what it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Deadlines of single examples measure the load of the machine, not the code.
settings.register_profile("rlcg", deadline=None)
settings.load_profile("rlcg")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let no test read what another run, or the user, left in the cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the repository."""
    return ROOT
