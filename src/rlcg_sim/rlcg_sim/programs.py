# SPDX-License-Identifier: Apache-2.0
"""Entry point of the node; it imports the node only when it runs."""

from rlcg_core.programs import start


def sim_node() -> None:
    """Run the simulated cell."""
    start("rlcg_sim.sim_node")
