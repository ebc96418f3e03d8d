# SPDX-License-Identifier: Apache-2.0
"""``~/cem_samples``: what CEM drew, by a thread that works only while someone listens."""

import os
import threading
from collections.abc import Callable, Sequence

from rclpy.node import Node
from visualization_msgs.msg import MarkerArray

from rlcg_core.cem import ScoredSamples
from rlcg_core.errors import RlcgError
from rlcg_core.trace import Trace
from rlcg_ros import qos
from rlcg_ros.conversions.sample_markers import samples_to_markers

Explain = Callable[[Trace], ScoredSamples]
# Beside a decision, the thread gets about a tenth of the processor that both want.
NICE = 10
# A search of a great network on a busy machine may last longer; it is left alone then.
JOIN_S = 2.0


class SampleOut:
    """Explains the newest decision; those that come meanwhile are passed over.

    Decisions never wait for it: a search for a viewer runs beside them, at a lower priority.
    """

    def __init__(
        self, node: Node, explain: Explain, variables: Sequence[str], base_frame: str
    ) -> None:
        """``explain`` searches once more; ``variables`` names what CEM searches, in order."""
        self._explain, self._variables, self._frame = explain, list(variables), base_frame
        self._node, self._logger = node, node.get_logger()
        self._out = node.create_publisher(MarkerArray, "~/cem_samples", qos.COMMAND)
        self._news = threading.Condition()
        self._newest: Trace | None = None
        self._ending, self._said = False, ""
        self._thread: threading.Thread | None = None

    def note(self, trace: Trace) -> None:
        """Take a decision, if its samples are wanted and there are any."""
        if not trace.inputs or self._out.get_subscription_count() == 0:
            return
        with self._news:
            self._newest, self._ending = trace, False
            self._news.notify()
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="cem_samples", daemon=True)
            self._thread.start()

    def rest(self) -> None:
        """End the thread, before the process may; the next decision that is wanted starts one."""
        with self._news:
            self._ending = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join(JOIN_S)

    def close(self) -> None:
        """End the thread and withdraw the topic."""
        self.rest()
        self._node.destroy_publisher(self._out)

    def _work(self) -> None:
        # Linux keeps a priority for each thread.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while (trace := self._next()) is not None:
            try:
                drawn = self._explain(trace)
            except RlcgError as error:
                self._tell(f"no samples to show: {error}")
            else:
                self._publish(samples_to_markers(drawn, trace, self._variables, self._frame))

    def _publish(self, markers: MarkerArray) -> None:
        with self._news:
            # At the end the publisher may be gone.
            if not self._ending:
                self._out.publish(markers)

    def _next(self) -> Trace | None:
        """Wait for a decision and take it; None at the end."""
        with self._news:
            self._news.wait_for(lambda: self._ending or self._newest is not None)
            trace, self._newest = self._newest, None
            return None if self._ending else trace

    def _tell(self, text: str) -> None:
        if text != self._said:
            self._logger.warning(text)
            self._said = text
