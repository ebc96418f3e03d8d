# SPDX-License-Identifier: Apache-2.0
from importlib.metadata import EntryPoint

import pytest

from rlcg_core.errors import ConfigError
from rlcg_sim import registry
from rlcg_sim.looks import built_in
from rlcg_sim.looks.canonical import CanonicalLook
from rlcg_sim.objects import OBJECT_SETS


def install(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Let there be one package that brings look and objects ``x``."""

    def entry_points(group: str) -> list[EntryPoint]:
        return [EntryPoint("x", value, group)]

    monkeypatch.setattr(registry, "entry_points", entry_points)


def test_looks_and_objects_of_packages_come_after_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "rlcg_sim.looks.canonical:CanonicalLook")
    assert registry.look_names() == (*built_in.LOOKS, "x")
    assert registry.object_set_names() == (*OBJECT_SETS, "x")
    assert isinstance(registry.find_look("x"), CanonicalLook)
    assert registry.find_object_sets()["x"] is CanonicalLook
    assert registry.find_look("sim").name == "sim"


def test_a_package_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "no_such_package:make_look")
    with pytest.raises(ConfigError, match=r"x \(no_such_package:make_look\) cannot be loaded"):
        registry.find_look("x")
    with pytest.raises(ConfigError, match="run make build"):
        registry.find_object_sets()


def test_an_unknown_look_is_refused_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "rlcg_sim.looks.canonical:CanonicalLook")
    with pytest.raises(ConfigError, match="canonical, x"):
        registry.find_look("moon")
