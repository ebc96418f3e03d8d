# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C while a child is waited for: the child gets it too, wherever it was typed."""

import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NUMBERS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def passed_on(child: subprocess.Popen[str]) -> Iterator[None]:
    """Pass SIGINT and SIGTERM on to ``child`` as SIGINT, then to the handlers of before.

    A launcher signals its nodes one by one, so a child would go on measuring and the node would
    go on waiting for it. Does nothing outside the main thread, which has no handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def pass_on(number: int, frame: FrameType | None) -> None:
        child.send_signal(signal.SIGINT)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    before = {number: signal.signal(number, pass_on) for number in NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
