# SPDX-License-Identifier: Apache-2.0
"""Parameters of a program as a dataclass: each declared once, described, and checked.

::

    @dataclass(frozen=True)
    class CameraParameters:
        image_rate_hz: float = param(10.0, "images per second", low=0.1, high=60.0)

    parameters = from_values(CameraParameters, {"image_rate_hz": 15.0})
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, get_type_hints

from rlcg_core.errors import ConfigError

T = TypeVar("T")

_KEY = "rlcg_parameter"


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
    """Return a dataclass field that is a parameter.

    ``low`` and ``high`` are inclusive and hold for each number of a tuple. Only a ``settable``
    parameter may change while the program runs.
    """
    info = ParameterInfo(description, low, high, choices, settable)
    return field(default=default, metadata={_KEY: info})


def infos(kind: type) -> dict[str, ParameterInfo]:
    """Return what is known of each parameter of dataclass ``kind``, in order."""
    return {item.name: item.metadata[_KEY] for item in fields(kind)}


def from_values(kind: type[T], given: Mapping[str, Any]) -> T:
    """Return ``kind`` with the given values and defaults for the rest.

    Raises `ConfigError` for an unknown name, a wrong type, a value out of range or choices.
    """
    known, hints = infos(kind), get_type_hints(kind)
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ConfigError(
            f"there is no parameter {', '.join(unknown)}, there are: {', '.join(sorted(known))}"
        )
    return kind(**{n: check(n, value, hints[n], known[n]) for n, value in given.items()})


def check(name: str, value: Any, kind: Any, info: ParameterInfo) -> Any:
    """Return ``value`` as type ``kind`` (float, int, bool, str, or a tuple of str or float)."""
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
        return _float(name, value)  # a launch file turns 3.0 given as "3" into an integer
    if kind in (float, int, bool, str) and type(value) is kind:
        return value
    if kind == tuple[str, ...] and not isinstance(value, str) and _all(value, str):
        return tuple(value)
    if kind == tuple[float, ...] and _all(value, (int, float)):
        return tuple(_float(name, number) for number in value)
    expected = (
        getattr(kind, "__name__", str(kind)) if kind in (float, int, bool, str) else str(kind)
    )
    raise ConfigError(f"parameter {name} is {value!r}, expected a value of type {expected}")


def _float(name: str, value: float) -> float:
    try:
        return float(value)
    except OverflowError as error:
        bits = int(value).bit_length()
        raise ConfigError(
            f"parameter {name} is an integer of {bits} bits, expected a number below 1e308"
        ) from error


def _all(value: Any, kind: Any) -> bool:
    return hasattr(value, "__iter__") and all(isinstance(item, kind) for item in value)


def _bound(bound: float | None) -> str:
    return "any" if bound is None else f"{bound:g}"
