# SPDX-License-Identifier: Apache-2.0
"""Expressions of launch files have Python's values, and can call nothing but `math`."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcg_bringup.minilaunch.expressions import value


@pytest.mark.parametrize(
    "text",
    [
        "'mock' if 'sim' == 'mock' else 'pybullet'",
        "'robot' != 'robot' and 'true' == 'true'",
        "True and 'a' in 'cat' or 3 > 4",
        "10.0 if not False else 0.8",
        "0 or '' or 'last'",
        "1 and 0 and 1 / 0",
        "1 < 2 < 3 and not 1 < 3 < 2",
        "-2 * (3 + 4.5) // 2 % 5",
        "sqrt(2.0) + math.pi",
        "math.floor(2.7)",
        "'x' in ['x', 'y'] and 1 not in (2, 3)",
        "None is None",
        " 7 ",
    ],
)
def test_an_expression_has_the_value_that_python_gives_it(text: str) -> None:
    assert value(text) == eval(text.strip(), {}, {**vars(math), "math": math})


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "'x' == (open('/etc/passwd').read())",
        "().__class__.__bases__",
        "math.__dict__",
        "__builtins__",
        "[word for word in 'ab']",
        "(lambda: 1)()",
        "f'{1}'",
        "{'a': 1}",
        "'a'.join(['b'])",
        "9 ** 9 ** 9",
        "(x := 1)",
        "max(1, 2)",
        "sqrt(x=1)",
        "'abc'[0]",
    ],
)
def test_what_could_run_something_is_not_known(text: str) -> None:
    with pytest.raises(ValueError, match="is not known here"):
        value(text)


@given(st.text(alphabet="0123456789.()+-*/%<>=!'\"andorte mthpi", max_size=30))
def test_whatever_it_says_it_has_pythons_value_or_fails(text: str) -> None:
    try:
        found = value(text)
    except Exception:  # as Python's own would
        return
    assert repr(found) == repr(eval(text.strip(), {}, {**vars(math), "math": math}))
