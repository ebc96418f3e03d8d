# SPDX-License-Identifier: Apache-2.0
"""The ``~/grasp`` action, one goal at a time, and ``~/start`` and ``~/cancel`` as its mirror."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import GoalEvent, ServerGoalHandle
from rclpy.node import Node
from rlcg_msgs.action import Grasp
from std_srvs.srv import Trigger

from rlcg_core.grasp_loop import Act, End, EpisodeLimits
from rlcg_core.reasons import TerminationReason
from rlcg_ros.conversions import stamp_to_s

ENDED_BY_ITSELF = (
    TerminationReason.POLICY_TERMINATED,
    TerminationReason.STEP_LIMIT,
    TerminationReason.TIME_LIMIT,
    TerminationReason.LOW_CONFIDENCE,
)


@dataclass(frozen=True)
class Wish:
    """What an episode is asked to be. Zeros mean: the node's parameter."""

    seed: int = 0
    max_steps: int = 0
    max_duration_s: float = 0.0
    q_min: float = 0.0
    dry_run: bool = False
    not_before_s: float = 0.0

    def over(self, limits: EpisodeLimits) -> EpisodeLimits:
        """Return ``limits`` with what is wished for in their place."""
        return replace(
            limits,
            max_steps=self.max_steps or limits.max_steps,
            max_duration_s=self.max_duration_s or limits.max_duration_s,
            q_min=self.q_min or limits.q_min,
            dry_run=self.dry_run,
        )


class GraspServer:
    """Takes wishes for episodes and reports what becomes of them; knows nothing of grasping.

    ``begin`` starts an episode; ``refusal`` returns why none may start now, or an empty text.
    `finish` is to be called at every episode's end.
    """

    def __init__(
        self, node: Node, begin: Callable[[Wish], None], refusal: Callable[[], str]
    ) -> None:
        self._node, self._begin, self._refusal = node, begin, refusal
        self._goal: ServerGoalHandle | None = None
        self._busy = False
        self._cancel = False
        # The goal is executed only when the episode is over, because a callback that waits for it
        # would either block the executor or keep it busy.
        self._action = ActionServer(
            node,
            Grasp,
            "~/grasp",
            execute_callback=lambda goal: Grasp.Result(),
            goal_callback=self._on_goal,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=lambda goal: CancelResponse.ACCEPT,
        )
        self._services = [
            node.create_service(Trigger, "~/start", self._on_start),
            node.create_service(Trigger, "~/cancel", self._on_cancel),
        ]

    @property
    def has_client(self) -> bool:
        """Whether the running episode came by the action, whose client gets its result."""
        return self._goal is not None

    @property
    def cancel_requested(self) -> bool:
        """Whether the running episode is to be cancelled, by action or by service."""
        return self._cancel or (self._goal is not None and self._goal.is_cancel_requested)

    def feedback(self, act: Act, step_ms: float, image_to_command_ms: float) -> None:
        """Tell the action's client, if there is one, of a decision and what it took."""
        if self._goal is None:
            return
        self._goal.publish_feedback(
            Grasp.Feedback(
                step=act.step,
                phase=act.decision.phase,
                q_value=act.decision.q_value,
                step_ms=step_ms,
                image_to_command_ms=image_to_command_ms,
            )
        )

    def result(self, end: End, model: str) -> Grasp.Result:
        """Return the result of an episode, still without its timings."""
        return Grasp.Result(
            termination_reason=int(end.reason),
            text=end.text,
            steps=end.steps,
            last_q=end.last_q,
            model=model,
        )

    def finish(self, reason: TerminationReason, result: Grasp.Result) -> None:
        """Send the episode's result; success, abort or cancel follow from its reason."""
        goal, self._goal = self._goal, None
        self._busy = self._cancel = False
        if goal is not None:
            goal.execute(lambda handle: _conclude(handle, reason, result))

    def close(self) -> None:
        """Withdraw action and services."""
        self._action.destroy()
        for service in self._services:
            self._node.destroy_service(service)

    def _why_not(self) -> str:
        return "an episode runs already: cancel it first" if self._busy else self._refusal()

    def _on_goal(self, request: Any) -> GoalResponse:
        reason = self._why_not()
        if reason:
            self._node.get_logger().warning(f"goal refused: {reason}")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _on_accepted(self, goal: ServerGoalHandle) -> None:
        request = goal.request
        self._goal, self._busy = goal, True
        self._begin(
            Wish(
                seed=request.seed,
                max_steps=request.max_steps,
                max_duration_s=request.max_duration_s,
                q_min=request.q_min,
                dry_run=request.dry_run,
                not_before_s=stamp_to_s(request.not_before),
            )
        )

    def _on_start(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        reason = self._why_not()
        response.success, response.message = not reason, reason or "started"
        if not reason:
            self._busy = True
            self._begin(Wish())
        return response

    def _on_cancel(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._cancel = self._busy
        response.message = "cancelling" if self._busy else "no episode runs"
        return response


def _conclude(
    goal: ServerGoalHandle, reason: TerminationReason, result: Grasp.Result
) -> Grasp.Result:
    if reason is TerminationReason.CANCELLED:
        if not goal.is_cancel_requested:
            # ~/cancel ends in the same state as a cancel of the action; rclpy has no public way.
            goal._update_state(GoalEvent.CANCEL_GOAL)
        goal.canceled()
    elif reason in ENDED_BY_ITSELF:
        goal.succeed()
    else:
        goal.abort()
    return result
