# SPDX-License-Identifier: Apache-2.0
from dataclasses import dataclass

import pytest

from rlcg_core.errors import ConfigError
from rlcg_core.parameters import from_values, infos, param


@dataclass(frozen=True)
class Example:
    rate_hz: float = param(3.0, "steps per second", low=0.5, high=10.0)
    seed: int = param(0, "seed", low=0)
    mode: str = param("a", "mode", choices=("a", "b"))
    on: bool = param(True, "switch")
    names: tuple[str, ...] = param(("x",), "names")
    corner_m: tuple[float, ...] = param((0.0, 1.0), "corner [m]", low=-2.0, high=2.0)


def test_defaults_and_given_values_meet() -> None:
    made = from_values(Example, {"rate_hz": 5, "names": ["y", "z"], "corner_m": [1, -1]})
    assert made == Example(rate_hz=5.0, names=("y", "z"), corner_m=(1.0, -1.0))
    assert isinstance(made.rate_hz, float)
    assert infos(Example)["rate_hz"].description == "steps per second"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"rate_hz": 20.0}, r"rate_hz is 20.0, expected within \[0.5, 10\]"),
        ({"rate_hz": "fast"}, "rate_hz is 'fast', expected a value of type float"),
        ({"rate_hz": True}, "rate_hz is True, expected"),
        ({"rate_hz": float("nan")}, "rate_hz is nan, expected a finite"),
        ({"seed": -1}, r"seed is -1, expected within \[0, any\]"),
        ({"seed": 1.5}, "seed is 1.5, expected"),
        ({"mode": "c"}, "mode is 'c', expected one of a, b"),
        ({"on": 1}, "on is 1, expected"),
        ({"names": "x"}, "names is 'x', expected"),
        ({"corner_m": [0.0, 3.0]}, "corner_m is 3.0, expected within"),
        ({"rate_hz": 10**5000}, "rate_hz is an integer of 16610 bits, expected a number below"),
        ({"corner_m": [0, 10**400]}, "corner_m is an integer of 1329 bits"),
        ({"rate": 3.0}, "no parameter rate, there are: corner_m, mode"),
    ],
)
def test_a_value_that_does_not_fit_is_named(values: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        from_values(Example, values)
