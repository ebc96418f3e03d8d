# SPDX-License-Identifier: Apache-2.0
"""Starting a program whose imports take a while: a signal meanwhile ends it without a traceback."""

import importlib
import os
import signal
from types import FrameType


def start(module: str) -> None:
    """Import ``module`` and run its ``main``, which sets signal handlers of its own."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    importlib.import_module(module).main()


def _end(number: int, frame: FrameType | None) -> None:
    """End at once: nothing was begun, and half-imported libraries cannot be shut down in order."""
    os._exit(0)
