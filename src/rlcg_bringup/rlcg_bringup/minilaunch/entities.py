# SPDX-License-Identifier: Apache-2.0
"""Launch descriptions, actions and conditions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from rlcg_bringup.minilaunch.context import LaunchContext
from rlcg_bringup.minilaunch.errors import LaunchError
from rlcg_bringup.minilaunch.substitutions import SomeSubstitutions, normalize, perform


class IfCondition:
    """True where its text is "true" or "1" when performed."""

    def __init__(self, predicate_expression: SomeSubstitutions) -> None:
        self.expression = normalize(predicate_expression)

    def evaluate(self, context: LaunchContext) -> bool:
        """Evaluate the condition.

        Raises:
            LaunchError: The text is no truth value.
        """
        text = perform(context, self.expression).strip().lower()
        if text not in ("true", "1", "false", "0"):
            raise LaunchError(f"found the condition {text!r}, expected true, false, 1 or 0")
        return text in ("true", "1")


class UnlessCondition(IfCondition):
    """The opposite of IfCondition."""

    def evaluate(self, context: LaunchContext) -> bool:
        """Evaluate the condition."""
        return not super().evaluate(context)


class Entity(ABC):
    """What a launch description holds."""

    @abstractmethod
    def visit(self, context: LaunchContext) -> None:
        """Carry out this entity and what it holds."""


class Action(Entity):
    """An entity that is carried out where its condition holds."""

    def __init__(self, *, condition: IfCondition | None = None) -> None:
        self.condition = condition

    def visit(self, context: LaunchContext) -> None:
        """Execute the action where its condition holds, then visit what it returned."""
        if self.condition is None or self.condition.evaluate(context):
            visit_all(self.execute(context), context)

    @abstractmethod
    def execute(self, context: LaunchContext) -> Iterable[Entity] | None:
        """Do it; returned entities are visited next."""


class LaunchDescription(Entity):
    """Entities in the order in which they are visited."""

    def __init__(self, initial_entities: Iterable[Entity] | None = None) -> None:
        self.entities: list[Entity] = list(initial_entities or [])

    def add_action(self, action: Action) -> None:
        """Append an action."""
        self.entities.append(action)

    def visit(self, context: LaunchContext) -> None:
        """Visit the entities in order."""
        visit_all(self.entities, context)


def visit_all(entities: Iterable[Entity] | None, context: LaunchContext) -> None:
    """Visit the entities in order; None holds none."""
    for entity in entities or ():
        entity.visit(context)


def as_entities(some: object) -> Sequence[Entity]:
    """Return one entity, several or None as a sequence.

    Raises:
        TypeError: It is something else.
    """
    if some is None:
        return []
    entities = [some] if isinstance(some, Entity) else list(some)  # type: ignore[call-overload]
    for entity in entities:
        if not isinstance(entity, Entity):
            raise TypeError(f"found {entity!r}, expected a launch action")
    return entities
