# SPDX-License-Identifier: Apache-2.0
"""JSON in and out of dataclasses: exact round trip, everything else refused by name."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from rlcg_core import strict_json
from rlcg_core.errors import BundleError, ConfigError


@dataclass(frozen=True)
class Inner:
    size_m: float
    kind: Literal["a", "b"]


@dataclass(frozen=True)
class Outer:
    name: str
    count: int
    pair: tuple[float, float]
    inners: tuple[Inner, ...]
    named: dict[str, Inner]
    maybe: Inner | None


VALUE = Outer("x", 3, (1.0, 2.5), (Inner(0.1, "a"),), {"k": Inner(2.0, "b")}, None)


def test_a_value_survives_the_way_to_disk_and_back(tmp_path: Path) -> None:
    strict_json.write(VALUE, tmp_path / "v.json")
    assert strict_json.read(Outer, tmp_path / "v.json") == VALUE


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"extra": 1}, r"unknown keys \['extra'\]"),
        ({"count": "3"}, r"v.count is '3', expected int"),
        ({"count": True}, r"v.count is True, expected int"),
        ({"count": 3.0}, r"v.count is 3.0, expected int"),
        ({"pair": [1.0]}, r"v.pair has 1 entries, expected 2"),
        ({"pair": [1.0, float("inf")]}, r"v.pair\[1\] is inf, expected a finite"),
        ({"inners": {"a": 1}}, r"v.inners is .*, expected list"),
        ({"inners": [{"size_m": 1, "kind": "c"}]}, r"v.inners\[0\].kind is 'c', expected one of"),
        ({"named": {"k": {"size_m": 1}}}, r"v.named.k has .* lacks \['kind'\]"),
        ({"name": None}, r"v.name is None, expected str"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], named: str) -> None:
    plain = {**strict_json.to_plain(VALUE), **change}
    with pytest.raises(ConfigError, match=named):
        strict_json.from_plain(Outer, plain, "v")


def test_whole_numbers_are_taken_as_floats() -> None:
    assert strict_json.from_plain(Inner, {"size_m": 1, "kind": "a"}, "v") == Inner(1.0, "a")


@pytest.mark.parametrize("text", ["{", "[]", "", json.dumps({"name": 1})])
def test_broken_files_are_bundle_errors(tmp_path: Path, text: str) -> None:
    path = tmp_path / "v.json"
    path.write_text(text)
    with pytest.raises(BundleError, match=r"v\.json"):
        strict_json.read(Outer, path)


def test_a_missing_file_is_a_bundle_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is missing"):
        strict_json.read(Outer, tmp_path / "v.json")


def test_not_a_number_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        strict_json.write(Inner(float("nan"), "a"), tmp_path / "v.json")
