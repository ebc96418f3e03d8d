# SPDX-License-Identifier: Apache-2.0
"""The worlds by name, the servo of an arm, and why a world would not be reset."""

from pathlib import Path

from rlcg_core.base_pose import places
from rlcg_core.cell import Cell
from rlcg_core.errors import ConfigError
from rlcg_core.ports import World
from rlcg_core.reasons import WorldReason
from rlcg_sim.arm_servo import ArmServo
from rlcg_sim.registry import find_look, find_object_sets, object_set_names
from rlcg_sim.sim_parameters import SimParameters
from rlcg_sim.urdf_chain import read_chain


def make_world(settings: SimParameters, cell: Cell, urdf: Path) -> World:
    """Return the world that ``settings`` name; raises `ConfigError` or `WorldError`."""
    if settings.parked and cell.base is None:
        raise ConfigError(f"parked is true, but {cell.name} stands fixed: set robot to robot2")
    if settings.backend == "mock":
        from rlcg_sim.mock_world import MockWorld

        if settings.world != "sim":
            raise ConfigError(
                f"world is {settings.world} with the mock, expected sim: only physics have looks"
            )
        return MockWorld(cell, urdf)
    from rlcg_sim.pybullet_world import PyBulletWorld  # heavy, and not needed by the mock

    return PyBulletWorld(
        cell,
        urdf,
        gui=settings.gui,
        renderer=settings.renderer,
        look=find_look(settings.world),
        object_sets=find_object_sets(),
    )


def make_servo(settings: SimParameters, cell: Cell, urdf: Path) -> ArmServo | None:
    """Return what follows set points, None where the arm takes trajectories.

    Raises:
        ConfigError: Set points in lock-step, where time moves by whole commands.
    """
    if settings.command_mode == "joint_trajectory":
        return None
    if settings.lockstep:
        raise ConfigError(
            f"command_mode is {settings.command_mode} in lock-step, expected joint_trajectory "
            "there: set lockstep to false"
        )
    return ArmServo(read_chain(urdf, cell.arm.base_frame, cell.arm.tool_frame), cell.arm)


def reset_reason(cell: Cell, objects: str, placement: str) -> WorldReason:
    """Return why a world could not be reset with these."""
    if objects not in object_set_names():
        return WorldReason.UNKNOWN_OBJECTS
    return WorldReason.NEVER_SETTLED if placement in places(cell) else WorldReason.NOT_SUPPORTED
