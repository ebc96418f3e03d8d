# SPDX-License-Identifier: Apache-2.0
"""ROS parameters from a dataclass: declared once, described, checked at start.

::

    @dataclass(frozen=True)
    class CameraParameters:
        image_rate_hz: float = param(10.0, "images per second", low=0.1, high=60.0)

    parameters = declare(node, CameraParameters)
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, get_type_hints

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from rlcg_core.errors import ConfigError

T = TypeVar("T")

_KEY = "rlcg_parameter"
_FOREIGN = ("use_sim_time", "qos_overrides.", "start_type_description_service")


@dataclass(frozen=True)
class ParameterInfo:
    """What is known of a parameter besides name, type and default."""

    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    settable: bool = False


def param(
    default: Any,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    settable: bool = False,
) -> Any:
    """Return a dataclass field that is a ROS parameter.

    ``low`` and ``high`` are inclusive and hold for each number of a tuple. Only a ``settable``
    parameter may change while the node runs, by `watch`.
    """
    info = ParameterInfo(description, low, high, choices, settable)
    return field(default=default, metadata={_KEY: info})


def declare(node: Node, kind: type[T]) -> T:
    """Declare the parameters of dataclass ``kind`` and return their values.

    Raises `ConfigError` for a wrong type, a value out of range or choices, or an unknown name.
    """
    # rclpy keeps what the user gave here; there is no public way to see unknown names.
    given: dict[str, Parameter] = dict(node._parameter_overrides)
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for item in fields(kind):  # type: ignore[arg-type]
        info: ParameterInfo = item.metadata[_KEY]
        value = given[item.name].value if item.name in given else item.default
        values[item.name] = _checked(item.name, value, hints[item.name], info)
        descriptor = _descriptor(hints[item.name], info)
        declared = _plain(values[item.name])
        node.declare_parameter(item.name, declared, descriptor, ignore_override=True)
    _refuse_unknown(node, given, tuple(values))
    return kind(**values)


def watch(node: Node, current: T, on_change: Callable[[T], None]) -> None:
    """Call ``on_change`` with the new values whenever settable parameters are set."""
    kind, values = type(current), dict(vars(current))
    hints = get_type_hints(kind)
    infos = {item.name: item.metadata[_KEY] for item in fields(kind)}  # type: ignore[arg-type]

    def on_set(changes: list[Parameter]) -> SetParametersResult:
        wanted = [change for change in changes if change.name in infos]
        if not wanted:
            return SetParametersResult(successful=True)
        try:
            new = {c.name: _checked(c.name, c.value, hints[c.name], infos[c.name]) for c in wanted}
            on_change(kind(**{**values, **new}))
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        values.update(new)
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(on_set)


def _checked(name: str, value: Any, kind: Any, info: ParameterInfo) -> Any:
    converted = _typed(name, value, kind)
    numbers = converted if isinstance(converted, tuple) else (converted,)
    for number in numbers:
        if isinstance(number, float) and not math.isfinite(number):
            raise ConfigError(f"parameter {name} is {number}, expected a finite number")
        low_ok = info.low is None or number >= info.low
        if not (low_ok and (info.high is None or number <= info.high)):
            raise ConfigError(
                f"parameter {name} is {number}, expected within "
                f"[{_bound(info.low)}, {_bound(info.high)}] ({info.description})"
            )
    if info.choices and converted not in info.choices:
        raise ConfigError(
            f"parameter {name} is '{converted}', expected one of {', '.join(info.choices)}"
        )
    return converted


def _typed(name: str, value: Any, kind: Any) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)  # a launch file turns 3.0 given as "3" into an integer
    if kind in (float, int, bool, str) and type(value) is kind:
        return value
    if kind == tuple[str, ...] and not isinstance(value, str) and _all(value, str):
        return tuple(value)
    if kind == tuple[float, ...] and _all(value, (int, float)):
        return tuple(float(number) for number in value)
    expected = (
        getattr(kind, "__name__", str(kind)) if kind in (float, int, bool, str) else str(kind)
    )
    raise ConfigError(f"parameter {name} is {value!r}, expected a value of type {expected}")


def _all(value: Any, kind: Any) -> bool:
    return hasattr(value, "__iter__") and all(isinstance(item, kind) for item in value)


def _descriptor(kind: Any, info: ParameterInfo) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(description=info.description, read_only=not info.settable)
    if info.choices:
        descriptor.additional_constraints = f"one of: {', '.join(info.choices)}"
    if info.low is None and info.high is None:
        return descriptor
    low = -math.inf if info.low is None else info.low
    high = math.inf if info.high is None else info.high
    if kind is int:
        limits = IntegerRange(
            from_value=int(max(low, -(2**63))), to_value=int(min(high, 2**63 - 1)), step=0
        )
        descriptor.integer_range = [limits]
    elif kind is float:
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=float(low), to_value=float(high), step=0.0)
        ]
    else:
        descriptor.additional_constraints = f"each within [{_bound(low)}, {_bound(high)}]"
    return descriptor


def _refuse_unknown(node: Node, given: dict[str, Parameter], declared: tuple[str, ...]) -> None:
    unknown = [n for n in given if n not in declared and not n.startswith(_FOREIGN)]
    if unknown:
        raise ConfigError(
            f"{node.get_name()} has no parameter {', '.join(sorted(unknown))}, "
            f"it has: {', '.join(sorted(declared))}"
        )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _bound(bound: float | None) -> str:
    return "any" if bound is None else f"{bound:g}"
