# SPDX-License-Identifier: Apache-2.0
"""Entry point of the node, which is imported only when it runs."""

from rlcg_core.programs import start


def record_node() -> None:
    """Run the recorder."""
    start("rlcg_record.record_node")
