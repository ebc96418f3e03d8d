# SPDX-License-Identifier: Apache-2.0
"""A small node inside the test: records what comes, sends what the test says, plays the robot."""

import threading
import time
from collections.abc import Callable
from typing import Any

import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import SetParameters
from rclpy.client import Client
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile

WAIT_S = 10.0
# So long may a process take to start on a busy machine.
START_S = 40.0


class RosBench:
    """A node in a ROS context of its own, spun by a thread.

    ``received`` maps a topic to the messages of it that came, oldest first; ``log`` holds them all
    as (topic, message) in the order of arrival.
    ``answer_s``: how long a node may take to set its parameters.
    """

    answer_s = WAIT_S

    def __init__(self, domain: int | None = None) -> None:
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = rclpy.create_node("bench", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.received: dict[str, list[Any]] = {}
        self.log: list[tuple[str, Any]] = []
        self._clients: dict[str, Client] = {}
        self._news = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def listen(self, kind: type, topic: str, profile: QoSProfile) -> None:
        """Record a topic from now on."""
        self.received[topic] = []

        def keep(message: Any) -> None:
            with self._news:
                self.received[topic].append(message)
                self.log.append((topic, message))
                self._news.notify_all()

        self.node.create_subscription(kind, topic, keep, profile)

    def until(self, condition: Callable[[], bool], what: object, timeout_s: float = WAIT_S) -> None:
        """Wait until ``condition`` holds, or fail saying ``what`` did not happen."""
        with self._news:
            # The graph changes without a message, so look again now and then.
            deadline_s = time.monotonic() + timeout_s
            while not condition():
                left_s = deadline_s - time.monotonic()
                assert left_s > 0.0, f"within {timeout_s} s there was no {what}"
                self._news.wait(min(left_s, 0.05))

    def count(self, topic: str) -> int:
        return len(self.received[topic])

    def await_new(self, topic: str, action: Callable[[], None], timeout_s: float = WAIT_S) -> Any:
        """Do ``action`` and return the next message of ``topic``."""
        before = self.count(topic)
        action()
        self.until(lambda: self.count(topic) > before, f"new message on {topic}", timeout_s)
        return self.received[topic][before]

    def call(self, kind: type, service: str, request: Any, timeout_s: float = WAIT_S) -> Any:
        """Call a service and return its response."""
        # Kept until the end: to destroy one while the executor waits on it ends in a crash.
        if service not in self._clients:
            self._clients[service] = self.node.create_client(kind, service)
        client = self._clients[service]
        assert client.wait_for_service(max(timeout_s, START_S)), f"no service {service}"
        future = client.call_async(request)
        self.until(future.done, f"answer of {service}", timeout_s)
        return future.result()

    def change_state(self, node: str, transition: int) -> bool:
        """Ask a lifecycle node for a transition; return whether it was made."""
        request = ChangeState.Request(transition=Transition(id=transition))
        return bool(self.call(ChangeState, f"{node}/change_state", request).success)

    def set_parameters(self, node: str, **values: Any) -> None:
        """Set parameters of a running node."""
        wanted = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        request = SetParameters.Request(parameters=wanted)
        results = self.call(SetParameters, f"{node}/set_parameters", request, self.answer_s).results
        assert all(result.successful for result in results), results

    def _spin(self) -> None:
        while not self._ending:
            self._executor.spin_once(timeout_sec=0.05)

    def __enter__(self) -> "RosBench":
        return self

    def __exit__(self, *exception: object) -> None:
        self._ending = True
        self._thread.join()
        self._executor.shutdown()
        self.node.destroy_node()
        self._context.try_shutdown()
