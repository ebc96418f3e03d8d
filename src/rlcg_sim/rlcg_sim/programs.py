# SPDX-License-Identifier: Apache-2.0
"""Entry point of the node; it imports the node only when it runs."""

import os

from rlcg_core.programs import start


def sim_node() -> None:
    """Run the simulated cell."""
    drop_stdout()
    start("rlcg_sim.sim_node")


def drop_stdout() -> None:
    """Send what is printed on stdout nowhere.

    PyBullet's C code prints a dozen lines about EGL there; what the node has to say goes through
    ROS logging, which writes to stderr.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
