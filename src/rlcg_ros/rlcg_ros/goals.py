# SPDX-License-Identifier: Apache-2.0
"""An action's goals, sent from any thread.

rclpy remembers whose answer a request is after the request went out. An answer that the executor
takes in between is thrown away, and the goal looks as if nobody had answered (rclpy issue 1123; in
9.1.2 a goal's future is still registered a second time outside the lock). What is asked from the
executor's own thread cannot be answered in between.
"""

from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from rclpy.action import ActionClient
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from rclpy.task import Future

Ask = Callable[[], Future]


class GoalClient:
    """Sends goals and asks for their results in the executor's thread, one after the other.

    What rclpy raises there is raised by ``result()`` of the future that was returned.
    """

    def __init__(self, node: Node, kind: Any, name: str) -> None:
        """``kind``: the action's type; ``name``: of the action, as in `ActionClient`."""
        self.name = name
        group = MutuallyExclusiveCallbackGroup()
        self._client = ActionClient(node, kind, name, callback_group=group)
        self._asked: SimpleQueue[tuple[Ask, Future]] = SimpleQueue()
        self._news = node.create_guard_condition(self._ask_all, group)

    def server_is_ready(self) -> bool:
        """Return whether a server of this action is there."""
        return bool(self._client.server_is_ready())

    def send(self, goal: Any, on_feedback: Callable[[Any], None] | None = None) -> Future:
        """Return the future of the goal's handle, done when it is taken or refused."""
        return self._soon(lambda: self._client.send_goal_async(goal, on_feedback))

    def result(self, handle: Any) -> Future:
        """Return the future of status and result of a goal that was taken."""
        return self._soon(handle.get_result_async)

    def cancel(self, handle: Any) -> Future:
        """Return the future of the answer to a request to cancel."""
        return self._soon(handle.cancel_goal_async)

    def _soon(self, ask: Ask) -> Future:
        answered = Future()
        self._asked.put((ask, answered))
        self._news.trigger()
        return answered

    def _ask_all(self) -> None:
        while not self._asked.empty():
            ask, answered = self._asked.get()
            try:
                ask().add_done_callback(lambda done, to=answered: _pass_on(done, to))
            except Exception as error:  # whatever it is, who asked shall hear it, not the executor
                answered.set_exception(error)


def _pass_on(done: Future, to: Future) -> None:
    """Let ``to`` end as ``done`` did."""
    error = done.exception()
    if error is None:
        to.set_result(done.result())
    else:
        to.set_exception(error)
