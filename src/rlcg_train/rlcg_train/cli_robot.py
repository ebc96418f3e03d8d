# SPDX-License-Identifier: Apache-2.0
"""The option of all commands that build a robot's cell."""

import argparse

from rlcg_core.robots import ROBOTS


def add_robot(command: argparse.ArgumentParser) -> None:
    """Add --robot to a command."""
    text = "whose cell, objects and rule (default: robot1)"
    command.add_argument("--robot", default="robot1", choices=ROBOTS, help=text)
