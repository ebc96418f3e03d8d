# SPDX-License-Identifier: Apache-2.0
"""Reads a Python launch file."""

from __future__ import annotations

import importlib.util
import os

from rlcg_bringup.minilaunch.entities import LaunchDescription
from rlcg_bringup.minilaunch.errors import LaunchError


def load(path: str) -> LaunchDescription:
    """Return what generate_launch_description() of the file at `path` returns.

    Raises:
        LaunchError: There is no such file, or it is no launch file.
    """
    if not os.path.isfile(path):
        raise LaunchError(f"found no launch file '{path}'; give the path of a *.launch.py file")
    spec = importlib.util.spec_from_file_location("launch_file", path)
    if spec is None or spec.loader is None:
        raise LaunchError(f"found '{path}', expected a Python launch file (*.launch.py)")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    generate = getattr(module, "generate_launch_description", None)
    if generate is None:
        raise LaunchError(f"found no generate_launch_description() in '{path}', expected one")
    description = generate()
    if not isinstance(description, LaunchDescription):
        raise LaunchError(f"'{path}' returned {description!r}, expected a LaunchDescription")
    return description
