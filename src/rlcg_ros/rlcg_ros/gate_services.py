# SPDX-License-Identifier: Apache-2.0
"""What people tell the gate: stop, reset the stop, go home."""

from collections.abc import Callable

from rclpy.node import Node
from std_srvs.srv import Trigger

from rlcg_core.gate import Gate
from rlcg_core.reasons import GateState
from rlcg_core.types import FloatArray
from rlcg_core.verdict import Verdict
from rlcg_ros.clocks import now


class GateServices:
    """Opens ``~/reset_stop``, ``~/home`` and ``~/stop`` (std_srvs/Trigger)."""

    def __init__(
        self, node: Node, gate: Gate, home_rad: FloatArray, carry_out: Callable[[Verdict], None]
    ) -> None:
        """``carry_out`` gets each verdict; ``home_rad`` (n,) is where ``~/home`` leads."""
        self._node, self._gate, self._carry_out = node, gate, carry_out
        ask: dict[str, Callable[[], Verdict]] = {
            "~/reset_stop": lambda: gate.reset_stop(now(node)),
            "~/home": lambda: gate.home(home_rad, now(node)),
            "~/stop": lambda: gate.stop("stopped by ~/stop", now(node)),
        }
        self._open = [self._service(name, verdict) for name, verdict in ask.items()]

    def close(self) -> None:
        """Answer no more."""
        for service in self._open:
            self._node.destroy_service(service)

    def _service(self, name: str, ask: Callable[[], Verdict]) -> object:
        def answer(request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            verdict = ask()
            self._carry_out(verdict)
            # A stop is a refusal by its reason; what was asked for is that the gate is stopped.
            stopped = name == "~/stop" and self._gate.state is GateState.STOPPED
            response.success, response.message = verdict.accepted or stopped, verdict.text
            return response

        return self._node.create_service(Trigger, name, answer)
