# SPDX-License-Identifier: Apache-2.0
"""ROS parameters from a dataclass of `rlcg_core.parameters`: declared, described, checked at start.

::

    parameters = declare(node, CameraParameters)
"""

import math
from collections.abc import Callable, Mapping
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
from rlcg_core.parameters import ParameterInfo, from_values, infos, param

__all__ = ["declare", "given", "param", "watch"]

T = TypeVar("T")

_FOREIGN = ("use_sim_time", "qos_overrides.", "start_type_description_service")


def given(node: Node) -> dict[str, Any]:
    """Return the parameters that the user gave to this node."""
    # rclpy keeps them here; there is no public way to see unknown names.
    overrides = {name: p.value for name, p in node._parameter_overrides.items()}
    return {name: value for name, value in overrides.items() if not name.startswith(_FOREIGN)}


def declare(node: Node, kind: type[T], base: Mapping[str, Any] | None = None) -> T:
    """Declare the parameters of dataclass ``kind`` and return their values.

    What the user gave wins over ``base``, which wins over the defaults. Raises `ConfigError` for a
    wrong type, a value out of range or choices, or an unknown name.
    """
    values = from_values(kind, {**(base or {}), **given(node)})
    hints = get_type_hints(kind)
    for name, info in infos(kind).items():
        value = getattr(values, name)
        plain = list(value) if isinstance(value, tuple) else value
        node.declare_parameter(name, plain, _descriptor(hints[name], info), ignore_override=True)
    return values


def watch(node: Node, current: T, on_change: Callable[[T], None]) -> None:
    """Call ``on_change`` with the new values whenever settable parameters are set."""
    kind, values = type(current), dict(vars(current))

    def on_set(changes: list[Parameter]) -> SetParametersResult:
        new = {change.name: change.value for change in changes if change.name in values}
        if not new:
            return SetParametersResult(successful=True)
        try:
            changed = from_values(kind, {**values, **new})
            on_change(changed)
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        values.update(vars(changed))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(on_set)


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
        descriptor.additional_constraints = f"each within [{low:g}, {high:g}]"
    return descriptor
