# SPDX-License-Identifier: Apache-2.0
"""Questions to the person at the robot, answered by services of the asking node.

The open question stands latched on ``~/question``, empty while there is none. Answers:
``~/label_success``, ``~/label_failure``, ``~/label_invalid`` and ``~/bin_ready``, all Trigger.
"""

import threading
from collections.abc import Callable, Sequence
from enum import Enum

from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import Trigger

from rlcg_ros import qos
from rlcg_ros.calls import Caller

FOR_EVER_S = 1e9
REMEDY = "answer by `ros2 run rlcg_policy label_node`, or call the service"


class Answer(Enum):
    """What a person can say, by the name of the service."""

    SUCCESS = "label_success"
    FAILURE = "label_failure"
    INVALID = "label_invalid"
    READY = "bin_ready"


LABELS = (Answer.SUCCESS, Answer.FAILURE, Answer.INVALID)


class OperatorDesk:
    """Asks one question at a time, also when several robots have one."""

    def __init__(self, node: Node, patience_s: float, say: Callable[[str], None]) -> None:
        """``patience_s``: longest wait for an answer [wall s], 0 for ever.

        ``say`` gets every question as well.
        """
        self._patience_s, self._say = patience_s or FOR_EVER_S, say
        self._turn = threading.Lock()
        self._wanted: Sequence[Answer] = ()
        self._given: Answer | None = None
        self._question_out = node.create_publisher(String, "~/question", qos.STATUS)
        for answer in Answer:
            node.create_service(
                Trigger,
                f"~/{answer.value}",
                lambda request, response, given=answer: self._take(given, response),
            )

    def ask(self, caller: Caller, question: str, wanted: Sequence[Answer]) -> Answer:
        """Return the answer; raises `WorldError` when none comes in time."""
        self._wait_for(
            caller, lambda: self._turn.acquire(blocking=False), FOR_EVER_S, "another question"
        )
        try:
            self._given, self._wanted = None, wanted
            text = f"{question} ({' or '.join(answer.value for answer in wanted)})"
            self._say(f"question: {text}: {REMEDY}")
            self._question_out.publish(String(data=text))
            self._wait_for(caller, lambda: self._given is not None, self._patience_s, question)
            assert self._given is not None  # that is what was waited for
            return self._given
        finally:
            self._wanted = ()
            self._question_out.publish(String(data=""))
            self._turn.release()

    def _wait_for(
        self, caller: Caller, done: Callable[[], bool], limit_s: float, question: str
    ) -> None:
        """Wait without a word: the question itself has been told."""
        caller.wait_until(done, limit_s, f"answer to '{question}'", REMEDY, patience_s=limit_s)

    def _take(self, answer: Answer, response: Trigger.Response) -> Trigger.Response:
        response.success = answer in self._wanted and self._given is None
        if response.success:
            self._given = answer
            response.message = f"{answer.value} is noted"
        elif self._wanted:
            names = " or ".join(one.value for one in self._wanted)
            response.message = f"{answer.value} is no answer to the question, expected {names}"
        else:
            response.message = "nothing is asked now: wait for the next question"
        return response
