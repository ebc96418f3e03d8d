# SPDX-License-Identifier: Apache-2.0
"""Shapes as files, the one way in which PyBullet takes several convex parts for one body."""

import tempfile
from functools import cache
from pathlib import Path

from rlcg_sim.household.mesh import Mesh
from rlcg_sim.household.shapes import Household

_URDF = """<?xml version="1.0"?>
<robot name="{name}"><link name="{name}">
<inertial><mass value="{mass_kg:.4f}"/><inertia ixx="1e-4" ixy="0" ixz="0" iyy="1e-4" iyz="0" izz="1e-4"/></inertial>
<visual><geometry><mesh filename="{name}_skin.obj"/></geometry></visual>
<collision><geometry><mesh filename="{name}_parts.obj"/></geometry></collision>
</link></robot>
"""  # noqa: E501 - XML


def write(shape: Household, folder: Path) -> Path:
    """Write skin, parts and description of a shape; return the path of its URDF.

    Each object of an OBJ file becomes one convex hull in PyBullet.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{shape.name}_skin.obj").write_text(_obj([shape.skin]))
    (folder / f"{shape.name}_parts.obj").write_text(_obj(list(shape.parts)))
    urdf = folder / f"{shape.name}.urdf"
    urdf.write_text(_URDF.format(name=shape.name, mass_kg=shape.mass_kg))
    return urdf


@cache
def stored(shape_name: str) -> Path:
    """Return the URDF of a shape of the catalogue, the same path as long as this process lives.

    PyBullet keeps some memory for every path it ever loaded.
    """
    from rlcg_sim.household.catalogue import catalogue

    split = shape_name.split("_", 1)[0]
    (shape,) = [one for one in catalogue(split) if one.name == shape_name]
    return write(shape, Path(_folder().name))


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="rlcg_household_")


def _obj(meshes: list[Mesh]) -> str:
    """Return the OBJ text, an object for each mesh; OBJ counts vertices from 1 over all of them."""
    lines, first = [], 1
    for number, mesh in enumerate(meshes):
        lines.append(f"o part_{number}")
        lines += [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in mesh.vertices_m]
        lines += [f"f {a} {b} {c}" for a, b, c in (mesh.faces + first).tolist()]
        first += len(mesh.vertices_m)
    return "\n".join([*lines, ""])
