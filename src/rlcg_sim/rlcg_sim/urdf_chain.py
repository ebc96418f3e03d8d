# SPDX-License-Identifier: Apache-2.0
"""Forward kinematics of one serial chain out of a URDF, in numpy: enough for a mock."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rlcg_core.errors import KinematicsError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ChainJoint:
    """A joint: its fixed transform (4, 4) to the parent, and its axis (3,), None if it is fixed."""

    name: str
    transform_to_parent: FloatArray
    axis: FloatArray | None


def read_chain(urdf: Path, base_link: str, tip_link: str) -> list[ChainJoint]:
    """Return the joints from base to tip; raises `KinematicsError` if there is no such chain."""
    by_child = {j.find("child").get("link"): j for j in _joint_elements(urdf)}  # type: ignore[union-attr]
    chain: list[ChainJoint] = []
    link = tip_link
    while link != base_link:
        if link not in by_child:
            raise KinematicsError(f"{urdf.name} has no chain from {base_link} to {tip_link}")
        element = by_child[link]
        chain.append(_joint(element))
        link = str(element.find("parent").get("link"))  # type: ignore[union-attr]
    return chain[::-1]


def tip_transform(
    chain: list[ChainJoint], names: tuple[str, ...], joints_rad: FloatArray
) -> FloatArray:
    """Return ``transform_tip_to_base`` (4, 4) for the positions (n,) of joints ``names``."""
    angle_of = dict(zip(names, joints_rad.tolist(), strict=True))
    transform = np.eye(4)
    for joint in chain:
        transform = transform @ joint.transform_to_parent
        if joint.axis is not None:
            transform[:3, :3] = transform[:3, :3] @ _turn(joint.axis, angle_of[joint.name])
    return transform


def _joint_elements(urdf: Path) -> list[ElementTree.Element]:
    return ElementTree.parse(urdf).getroot().findall("joint")


def _joint(element: ElementTree.Element) -> ChainJoint:
    transform = np.eye(4)
    origin = element.find("origin")
    if origin is not None:
        transform[:3, 3] = _numbers(origin.get("xyz"))
        roll, pitch, yaw = _numbers(origin.get("rpy"))
        turns = [_turn(np.eye(3)[2 - i], a) for i, a in enumerate((yaw, pitch, roll))]
        transform[:3, :3] = turns[0] @ turns[1] @ turns[2]
    axis = element.find("axis")
    moves = element.get("type") != "fixed" and axis is not None
    found = _numbers(axis.get("xyz")) if moves and axis is not None else None
    return ChainJoint(str(element.get("name")), transform, found)


def _numbers(text: str | None) -> FloatArray:
    return np.array([float(number) for number in (text or "0 0 0").split()])


def _turn(axis: FloatArray, angle_rad: float) -> FloatArray:
    """Return the rotation (3, 3) about a unit axis, after Rodrigues."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(
        np.eye(3) + np.sin(angle_rad) * cross + (1.0 - np.cos(angle_rad)) * (cross @ cross)
    )
