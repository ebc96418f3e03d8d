# SPDX-License-Identifier: Apache-2.0
"""Whether the machine itself stood still while times were measured on it."""

import threading
import time

BEAT_S = 0.005


class StallWatch:
    """Sleeps for 5 ms again and again; ``longest_s``: how much too long the longest sleep was."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def _beat(self) -> None:
        before_s = time.monotonic()
        while not self._ending.wait(BEAT_S):
            now_s = time.monotonic()
            self.longest_s = max(self.longest_s, now_s - before_s - BEAT_S)
            before_s = now_s

    def __enter__(self) -> "StallWatch":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ending.set()
        self._thread.join()
