# SPDX-License-Identifier: Apache-2.0
"""Values of the Python expressions in launch files, without running Python.

An argument of the command line becomes part of the text, so that with `eval` a word could run
anything. Here are literals, the names and functions of `math`, comparisons, logic and arithmetic.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, others: one in others,
    ast.NotIn: lambda one, others: one not in others,
}
_UNARY: dict[type, Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def value(text: str) -> Any:
    """Return the value of an expression.

    Raises:
        ValueError: It holds what is not known here.
        Exception: Whatever Python raises for it, as SyntaxError or TypeError.
    """
    return _value(ast.parse(text.strip(), mode="eval").body)


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        items = [_value(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Name | ast.Attribute):
        return _named(node)
    if isinstance(node, ast.BoolOp):
        return _logic(node)
    if isinstance(node, ast.IfExp):
        return _value(node.body if _value(node.test) else node.orelse)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _UNARY[type(node.op)](_value(node.operand))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.Compare):
        return _comparison(node)
    if isinstance(node, ast.Call) and not node.keywords:
        return _named(node.func)(*(_value(item) for item in node.args))
    raise _unknown(node)


def _logic(node: ast.BoolOp) -> Any:
    """Return what `and` and `or` do: the first part that decides, or the last."""
    result = None
    for part in node.values:
        result = _value(part)
        if bool(result) is isinstance(node.op, ast.Or):
            break
    return result


def _comparison(node: ast.Compare) -> bool:
    left = _value(node.left)
    for step, part in zip(node.ops, node.comparators, strict=True):
        right = _value(part)
        if not _BINARY[type(step)](left, right):
            return False
        left = right
    return True


def _named(node: ast.expr) -> Any:
    """Return what a name of `math` stands for, given as ``pi`` or ``math.pi``."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        name = node.attr if node.value.id == "math" else ""
    else:
        name = node.id if isinstance(node, ast.Name) else ""
    if not name or name.startswith("_") or name not in vars(math):
        raise _unknown(node)
    return vars(math)[name]


def _unknown(node: ast.expr) -> ValueError:
    return ValueError(
        f"'{ast.unparse(node)}' is not known here, expected literals, names of math, comparisons, "
        "logic and arithmetic"
    )
