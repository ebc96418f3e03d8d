# SPDX-License-Identifier: Apache-2.0
"""Looks and object sets of other packages, found by name when a world is opened.

A package brings them by entry points in its setup.py::

    "rlcg.looks": ["NAME = package.module:make_look"]            # () -> Look
    "rlcg.object_sets": ["NAME = package.module:draw_objects"]   # (rng, count) -> [ObjectShape]

Only programs that show or measure a world ask here. Training takes `looks.built_in` and
`objects.BUILT_IN`, so that it cannot reach a world that it may not see.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from rlcg_core.errors import ConfigError
from rlcg_sim.looks import built_in
from rlcg_sim.looks.look import Look
from rlcg_sim.objects import BUILT_IN, OBJECT_SETS, ObjectSets

LOOK_GROUP, OBJECTS_GROUP = "rlcg.looks", "rlcg.object_sets"


def _installed(group: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=group)}


def look_names() -> tuple[str, ...]:
    """Return the names of all looks, those of this package first."""
    return (*built_in.LOOKS, *sorted(_installed(LOOK_GROUP)))


def object_set_names() -> tuple[str, ...]:
    """Return the names of all object sets, those of this package first."""
    return (*OBJECT_SETS, *sorted(_installed(OBJECTS_GROUP)))


def find_look(name: str) -> Look:
    """Return a look by name; raises `ConfigError`."""
    if name in built_in.LOOKS:
        return built_in.make_look(name)
    installed = _installed(LOOK_GROUP)
    if name not in installed:
        raise ConfigError(f"world is {name!r}, expected one of {', '.join(look_names())}")
    look: Look = _load(installed[name])()
    return look


def find_object_sets() -> ObjectSets:
    """Return all object sets by name; raises `ConfigError`."""
    found = _installed(OBJECTS_GROUP)
    return {**BUILT_IN, **{name: _load(entry) for name, entry in found.items()}}


def _load(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"{entry.name} ({entry.value}) cannot be loaded ({error}), expected its package to be "
            "built: run make build"
        ) from error
