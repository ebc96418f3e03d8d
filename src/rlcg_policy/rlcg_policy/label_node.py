# SPDX-License-Identifier: Apache-2.0
"""label_node: a terminal in which the person at the robot answers what an evaluation asks.

Shows what `evaluate_node/question` asks; y, n, i or Enter answers it.
"""

import sys
import threading

from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import Trigger

from rlcg_core.errors import WorldError
from rlcg_ros import qos
from rlcg_ros.calls import Caller, CallStoppedError
from rlcg_ros.operator_desk import Answer
from rlcg_ros.run import complain, run

KEYS = {
    "y": Answer.SUCCESS,
    "n": Answer.FAILURE,
    "i": Answer.INVALID,
    "": Answer.READY,
}
HELP = "y: success, n: failure, i: invalid, Enter alone: the bin is ready"
ANSWER_S = 5.0


class LabelNode(Node):  # type: ignore[misc]  # rclpy has no types
    """Reads lines from the terminal in a thread and calls the services of evaluate_node."""

    def __init__(self) -> None:
        super().__init__("label_node")
        self.exit_code: int | None = None
        self._caller = Caller(self, _say)
        self._clients_by_answer = {
            answer: self.create_client(Trigger, f"evaluate_node/{answer.value}")
            for answer in Answer
        }
        self.create_subscription(String, "evaluate_node/question", self._show, qos.STATUS)
        # Nothing ends a blocking read of a terminal; the process takes the thread with it.
        self._thread = threading.Thread(target=self._work, name="terminal", daemon=True)

    def begin(self) -> None:
        """Listen to the terminal."""
        _say(HELP)
        self._thread.start()

    def before_exit(self) -> None:
        """End a running call."""
        self._caller.stop()

    def _show(self, msg: String) -> None:
        if msg.data:
            _say(f"? {msg.data}")

    def _work(self) -> None:
        try:
            for line in sys.stdin:
                self._answer(line.strip().lower())
            self.exit_code = 0
        except CallStoppedError:
            self.exit_code = 0

    def _answer(self, key: str) -> None:
        if key not in KEYS:
            _say(HELP)
            return
        try:
            answer = self._caller.call(
                self._clients_by_answer[KEYS[key]], Trigger.Request(), ANSWER_S
            )
            _say(answer.message)
        except WorldError as error:
            complain(error)


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    """Run the node."""
    sys.exit(run(LabelNode))


if __name__ == "__main__":
    main()
