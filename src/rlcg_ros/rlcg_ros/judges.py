# SPDX-License-Identifier: Apache-2.0
"""Asks the outcome sources of one robot, in an order in which none spoils another."""

from collections.abc import Sequence

from rlcg_core.errors import WorldError
from rlcg_core.outcome_sources import Judgement, Source
from rlcg_core.reasons import Outcome
from rlcg_ros.bins import Bin
from rlcg_ros.calls import Caller
from rlcg_ros.gripper_look import GripperLook
from rlcg_ros.operator_desk import LABELS, Answer, OperatorDesk

_MEANS = {
    Answer.SUCCESS: Outcome.SUCCESS,
    Answer.FAILURE: Outcome.FAILURE,
    Answer.INVALID: Outcome.INVALID,
}
_LOOKS = (Source.GRIPPER_OPENING, Source.IMAGE_DIFFERENCE)


class Judges:
    """The simulator knows at once, a person looks, the gripper is tried, and what it held dropped.

    ``look`` and ``desk`` may be None where no source needs them.
    """

    def __init__(
        self,
        caller: Caller,
        filler: Bin,
        desk: OperatorDesk | None = None,
        look: GripperLook | None = None,
        robot: str = "",
    ) -> None:
        self._caller, self._bin, self._desk, self._look = caller, filler, desk, look
        self._robot = robot

    def ask(self, sources: Sequence[Source]) -> tuple[Judgement, ...]:
        """Return what each of ``sources`` says, in their order."""
        found: dict[Source, Judgement] = {}
        if Source.SIMULATOR in sources:
            found[Source.SIMULATOR] = self._bin.truth()
        if Source.OPERATOR in sources and self._desk is not None:
            found[Source.OPERATOR] = self._label(self._desk)
        if self._look is not None and any(source in sources for source in _LOOKS):
            found.update(self._look.judge(drop=Source.IMAGE_DIFFERENCE in sources))
        unheard = Outcome.UNKNOWN
        return tuple(
            found.get(source, Judgement(source, unheard, "nobody was asked")) for source in sources
        )

    def _label(self, desk: OperatorDesk) -> Judgement:
        place = f"{self._robot}: " if self._robot else ""
        try:
            answer = desk.ask(self._caller, f"{place}does the gripper hold an object?", LABELS)
        except WorldError as error:
            return Judgement(Source.OPERATOR, Outcome.UNKNOWN, str(error))
        return Judgement(Source.OPERATOR, _MEANS[answer], answer.value)
