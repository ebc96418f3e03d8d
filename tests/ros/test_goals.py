# SPDX-License-Identifier: Apache-2.0
"""No answer to a goal is lost, however late the thread that sent it goes on."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient, ActionServer
from rlcg_msgs.action import Grasp
from ros_bench import RosBench

from rlcg_ros.goals import GoalClient

LATE_S = 0.5


class LateLock:
    """Who has sent a goal goes on long after it has let go of the action client's lock."""

    def __init__(self, client: ActionClient) -> None:
        self._client, self._lock, self._was_late = client, client._lock, False

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *exception: object) -> None:
        late = bool(self._client._pending_goal_requests) and not self._was_late
        self._was_late |= late
        self._lock.release()
        time.sleep(LATE_S if late else 0.0)


@pytest.fixture
def server() -> Iterator[RosBench]:
    """A node that takes every goal and is done at once."""

    def done(goal: Any) -> Grasp.Result:
        goal.succeed()
        return Grasp.Result(steps=3)

    with RosBench() as bench:
        bench.served = ActionServer(bench.node, Grasp, "grasp", done)
        yield bench


def found(bench: RosBench, client: GoalClient) -> None:
    """Wait until the server answers: it finds the client a moment after the client has found it."""
    bench.until(client.server_is_ready, "action server")
    asked = []

    def answered() -> bool:
        if not asked or time.monotonic() - asked[-1][0] > LATE_S:
            asked.append((time.monotonic(), client.send(Grasp.Goal(seed=0))))
        return any(sent.done() for _, sent in asked)

    bench.until(answered, "answer of the server to anyone")


def test_answer_and_result_come_though_the_sender_is_late(server: RosBench) -> None:
    with RosBench() as bench:
        client = GoalClient(bench.node, Grasp, "grasp")
        found(bench, client)
        client._client._lock = LateLock(client._client)
        sent = client.send(Grasp.Goal(seed=1))
        bench.until(sent.done, "answer", 5.0)
        assert sent.result().accepted
        given = client.result(sent.result())
        bench.until(given.done, "result", 5.0)
        ended = given.result()
        assert (ended.status, ended.result.steps) == (GoalStatus.STATUS_SUCCEEDED, 3)


def test_who_asks_for_what_cannot_be_sent_hears_why_and_the_next_goal_is_sent(
    server: RosBench,
) -> None:
    with RosBench() as bench:
        client = GoalClient(bench.node, Grasp, "grasp")
        found(bench, client)
        wrong = client.send(Grasp.Result())
        bench.until(wrong.done, "error", 5.0)
        with pytest.raises(TypeError):
            wrong.result()
        sent = client.send(Grasp.Goal(seed=1))
        bench.until(sent.done, "answer", 5.0)
        assert sent.result().accepted
