# SPDX-License-Identifier: Apache-2.0
"""Blocking calls from a thread beside the executor: services and futures with time limits.

Every wait ends at once when `Caller.stop` is called.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.task import Future

from rlcg_core.errors import RlcgError, WorldError

PATIENCE_S = 2.0
GONE_S = 3.0
_POLL_S = 0.05


class CallStoppedError(RlcgError):
    """A wait was ended by `Caller.stop`."""


class Caller:
    """Calls services of other nodes; to be used from one thread while another spins the node."""

    def __init__(self, node: Node, say: Callable[[str], None]) -> None:
        """``say`` gets the one line about what is being waited for."""
        self._node, self._say = node, say
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End all waits, now and later, with `CallStoppedError`."""
        self._stopped.set()

    def wait_until(
        self,
        done: Callable[[], bool],
        limit_s: float,
        what: str,
        remedy: str,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Wait for ``done``; says so after ``patience_s``; raises `WorldError` past the limit."""
        begun_s, said = time.monotonic(), False
        while not done():
            waited_s = time.monotonic() - begun_s
            if waited_s > limit_s:
                raise WorldError(f"no {what} after {limit_s:g} s: {remedy}")
            if waited_s > patience_s and not said:
                self._say(f"waiting for {what}, at most {limit_s:g} s: {remedy}")
                said = True
            if self._stopped.wait(_POLL_S / 5):
                raise CallStoppedError("asked to stop")

    def finish(
        self, future: Future, limit_s: float, what: str, remedy: str, server: Any = None
    ) -> Any:
        """Return a future's result; raises `WorldError` early if ``server`` goes away."""
        arrived, there_s = threading.Event(), time.monotonic()
        future.add_done_callback(lambda done: arrived.set())

        def done() -> bool:
            nonlocal there_s
            if server is None or server.server_is_ready():
                there_s = time.monotonic()
            if time.monotonic() - there_s > GONE_S:
                raise WorldError(f"no {what}: its node is gone; {remedy}")
            return arrived.wait(_POLL_S)

        # With a server to watch, only its end is news.
        patience_s = PATIENCE_S if server is None else limit_s
        self.wait_until(done, limit_s, what, remedy, patience_s)
        return future.result()

    def service(self, client: Any, limit_s: float) -> None:
        """Wait for a service or action server."""
        ready = getattr(client, "server_is_ready", None) or client.service_is_ready
        name = getattr(client, "srv_name", None) or client.name
        owner = name.rstrip("/").rsplit("/", 1)[0] or name
        self.wait_until(ready, limit_s, name, f"start {owner}, on the same ROS domain")

    def call(self, client: Any, request: Any, limit_s: float) -> Any:
        """Call a service and return its response."""
        self.service(client, limit_s)
        answer = f"answer of {client.srv_name}"
        remedy = "look at that node's output"
        return self.finish(client.call_async(request), limit_s, answer, remedy)
