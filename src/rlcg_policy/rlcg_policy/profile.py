# SPDX-License-Identifier: Apache-2.0
"""Robot profiles: what arm_node must know of one kind of robot, in one YAML file.

Sections of parameters hold parameters of `rlcg_policy.arm_parameters` by the same names; the other
sections are ``topics`` and ``downstream_watchdog``. Fields: docs/robot.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from rlcg_core.errors import ConfigError
from rlcg_core.parameters import check, from_values, infos, param
from rlcg_policy import strict_yaml
from rlcg_policy.arm_parameters import ArmParameters

FOLDER = Path("config") / "profiles"
# Section -> the parameters that may stand in it.
PARAMETERS = {
    "robot": ("urdf", "base_frame", "tool_frame", "joint_names", "home_rad", "mobile_base"),
    "limits": (
        "position_limit_rad",
        "position_low_rad",
        "speed_limit_rad_s",
        "joint_margin_rad",
        "joint_speed_fraction",
        "workspace_low_m",
        "workspace_high_m",
        "tool_speed_limit_m_s",
        "max_step_m",
        "max_step_duration_s",
        "control_rate_hz",
    ),
    "first_contact": ("speed_scale", "ramp_steps", "hold_on_activation"),
    "freshness": (
        "max_command_age_s",
        "max_future_s",
        "max_joint_age_s",
        "max_joint_gap_s",
        "deadman_s",
        "estop_timeout_s",
    ),
    "command": ("command_mode", "stream_rate_hz"),
    "gripper": (
        "gripper_mode",
        "gripper_joint",
        "gripper_opening_max_m",
        "gripper_close_time_s",
        "gripper_max_effort_n",
        "gripper_feedback",
    ),
}
# Names in the nodes that a profile may map to those of a robot's drivers.
TOPICS = (
    "image_raw",
    "camera_info",
    "joint_states",
    "estop",
    "odom",
    "cmd_vel",
    "joint_trajectory",
    "joint_positions",
    "target_twist",
    "target_pose",
    "gripper_command",
    "gripper_cmd",
)


@dataclass(frozen=True)
class Watchdog:
    """What stops the robot when the gate itself dies: a property of the driver, not of ours."""

    what: str = param("", "what happens when commands cease, and where that is set")
    timeout_s: float = param(0.0, "after how long; 0: with the step", low=0.0, high=60.0)


@dataclass(frozen=True)
class Profile:
    """A robot: ``parameters`` of arm_node, ``topics`` of its drivers by our names, its watchdog."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    topics: Mapping[str, str]
    downstream_watchdog: Watchdog


def find(name: str, share: Path) -> Path:
    """Return the file of a profile given as a path, or by name below ``share``.

    Raises:
        ConfigError: It lists the names that there are.
    """
    given = Path(name).expanduser()
    if given.suffix in (".yaml", ".yml") and given.is_file():
        return given
    path = share / FOLDER / f"{name}.yaml"
    if not path.is_file():
        there = sorted(found.stem for found in (share / FOLDER).glob("*.yaml"))
        raise ConfigError(
            f"no robot profile '{name}', expected one of {', '.join(there)}, or the path of a "
            "YAML file"
        )
    return path


def load(path: Path) -> Profile:
    """Read a profile.

    Raises:
        ConfigError: The file is no YAML, or has an unknown, doubled, missing or misfit entry.
    """
    content = strict_yaml.load(path)
    try:
        return _profile(_mapping("the profile", content))
    except ConfigError as error:
        raise ConfigError(f"{path.name}: {error}") from error


def _profile(content: Mapping[str, Any]) -> Profile:
    wanted = {"name", "description", "topics", "downstream_watchdog", *PARAMETERS}
    _same_keys("the profile", content, wanted)
    parameters: dict[str, Any] = {}
    for section, names in PARAMETERS.items():
        parameters |= _parameters(section, _mapping(section, content[section]), names)
    watchdog = _mapping("downstream_watchdog", content["downstream_watchdog"])
    return Profile(
        name=_text("name", content["name"]),
        description=_text("description", content["description"]),
        parameters=parameters,
        topics=_topics(_mapping("topics", content["topics"])),
        downstream_watchdog=from_values(Watchdog, watchdog),
    )


def _parameters(section: str, given: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ConfigError(
            f"section {section} has {', '.join(unknown)}, expected only {', '.join(names)}"
        )
    hints, known = get_type_hints(ArmParameters), infos(ArmParameters)
    return {name: check(name, value, hints[name], known[name]) for name, value in given.items()}


def _topics(given: Mapping[str, Any]) -> dict[str, str]:
    unknown = sorted(set(given) - set(TOPICS))
    if unknown:
        raise ConfigError(f"topics has {', '.join(unknown)}, expected only {', '.join(TOPICS)}")
    return {name: _text(f"topic {name}", value) for name, value in given.items()}


def _same_keys(what: str, found: Mapping[str, Any], wanted: set[str]) -> None:
    missing, unknown = sorted(wanted - set(found)), sorted(set(found) - wanted)
    if missing or unknown:
        raise ConfigError(
            f"{what} lacks {missing} and has unknown {unknown}, expected {sorted(wanted)}"
        )


def _mapping(what: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ConfigError(f"{what} is {value!r:.80}, expected names with values")
    return value


def _text(what: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{what} is {value!r:.80}, expected a text")
    return value
