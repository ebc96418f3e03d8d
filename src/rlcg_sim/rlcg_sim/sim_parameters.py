# SPDX-License-Identifier: Apache-2.0
"""Parameters of sim_node."""

from dataclasses import dataclass

from rlcg_core.outputs import COMMAND_MODES, GRIPPER_MODES
from rlcg_core.parameters import param
from rlcg_core.robots import ROBOTS
from rlcg_sim.faults import Faults
from rlcg_sim.registry import look_names, object_set_names
from rlcg_sim.renderer import RENDERERS

BACKENDS = ("pybullet", "mock")


@dataclass(frozen=True)
class SimParameters:
    """What the world is made of, how its time passes, and which faults are on."""

    robot: str = param("robot1", "body, bins and camera", choices=tuple(ROBOTS))
    backend: str = param("pybullet", "physics, or a mock without it", choices=BACKENDS)
    lockstep: bool = param(
        False, "time moves one control step per pair of arm and gripper commands; else real time"
    )
    command_mode: str = param(
        "joint_trajectory",
        "controller that the arm plays; lock-step knows the first",
        choices=COMMAND_MODES,
    )
    gripper_mode: str = param(
        "joint_trajectory", "controller that the gripper plays", choices=GRIPPER_MODES[:2]
    )
    gui: bool = param(False, "open PyBullet's window; needs a display")
    renderer: str = param(
        "auto", "auto takes EGL where it loads, TinyRenderer otherwise", choices=RENDERERS
    )
    world: str = param(
        "sim", "what the cell looks like; the mock knows the first", choices=look_names()
    )
    objects: str = param("mixed_test", "object set in the bin", choices=object_set_names())
    seed: int = param(0, "seed of the first scene; ~/reset brings others", low=0)
    urdf: str = param("", "robot description: a path, a name in share, empty for the cell's own")
    parked: bool = param(
        False, "a mobile base waits behind its place, from where base_node drives it"
    )
    image_rate_hz: float = param(5.0, "images per second in real time", low=0.1, high=60.0)
    state_rate_hz: float = param(50.0, "joint states per second in real time", low=5.0, high=500.0)
    announce_period_s: float = param(
        0.5, "waiting in lock-step, repeat the last image for late joiners", low=0.05, high=10.0
    )
    fault_image_delay_s: float = param(
        0.0, "fault: images come late by this wall time", low=0.0, high=60.0, settable=True
    )
    fault_image_drop: float = param(
        0.0, "fault: share of images lost", low=0.0, high=1.0, settable=True
    )
    fault_image_duplicate: float = param(
        0.0, "fault: share of images that come twice", low=0.0, high=1.0, settable=True
    )
    fault_image_freeze: bool = param(False, "fault: old pixels under new stamps", settable=True)
    fault_image_encoding: str = param(
        "", "fault: name the encoding falsely; empty for the truth", settable=True
    )
    fault_image_shrink: int = param(
        1, "fault: only every n-th pixel and row", low=1, high=64, settable=True
    )
    fault_clock_jump_s: float = param(
        0.0, "fault: shift of /clock and all stamps", low=-1e10, high=1e10, settable=True
    )
    fault_joints_silent: bool = param(False, "fault: no joint states", settable=True)

    @property
    def faults(self) -> Faults:
        """Return the faults that are asked for."""
        prefix = "fault_"
        values = {k[len(prefix) :]: v for k, v in vars(self).items() if k.startswith(prefix)}
        return Faults(**values)
