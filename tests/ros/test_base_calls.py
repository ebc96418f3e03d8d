# SPDX-License-Identifier: Apache-2.0
"""Who wants the base elsewhere waits for news that are under way, and for nothing else."""

from typing import Any

import pytest
from rclpy.node import Node
from rlcg_msgs.msg import GateStatus
from rlcg_msgs.srv import PlaceBase
from ros_bench import RosBench
from std_srvs.srv import Trigger

from rlcg_core.errors import WorldError
from rlcg_core.reasons import GateReason, GateState
from rlcg_ros import base_calls
from rlcg_ros.base_calls import BaseCalls
from rlcg_ros.calls import Caller


class Answers(Caller):
    """Plays base_node: refuses for one reason a number of times, then drives."""

    def __init__(self, node: Node, reason: GateReason, refusals: int) -> None:
        super().__init__(node, lambda text: None)
        self._reason, self.refusals, self.asked = reason, refusals, 0

    def call(self, client: Any, request: Any, limit_s: float) -> Any:
        if isinstance(request, Trigger.Request):
            return Trigger.Response(success=True)
        self.asked += 1
        refused = self.asked <= self.refusals
        reason = self._reason if refused else GateReason.OK
        return PlaceBase.Response(reason=int(reason), text="words of the base")


def asked(answers: Answers, bench: RosBench) -> float:
    calls = BaseCalls(bench.node, answers, "")
    calls._take(GateStatus(state=int(GateState.READY)))
    return calls.place(seed=1, place="left", not_before_s=0.0)


@pytest.mark.parametrize("reason", [GateReason.STALE_ODOMETRY, GateReason.NOT_ACTIVE])
def test_a_base_that_has_not_heard_everything_yet_is_asked_again(reason: GateReason) -> None:
    with RosBench() as bench:
        answers = Answers(bench.node, reason, refusals=3)
        assert asked(answers, bench) == 0.0
        assert answers.asked == 4


def test_a_base_that_hears_nothing_is_given_up_with_its_own_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(base_calls, "ANSWER_S", 0.1)
    with RosBench() as bench, pytest.raises(WorldError, match="does not drive: words of the base"):
        asked(Answers(bench.node, GateReason.STALE_ODOMETRY, refusals=10**6), bench)


def test_a_refusal_that_time_does_not_mend_is_told_at_once() -> None:
    with RosBench() as bench:
        answers = Answers(bench.node, GateReason.EPISODE_RUNS, refusals=10**6)
        with pytest.raises(WorldError, match="does not drive: words of the base"):
            asked(answers, bench)
        assert answers.asked == 1
