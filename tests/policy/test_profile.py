# SPDX-License-Identifier: Apache-2.0
"""Robot profiles: what they hold, and that a faulty one is refused by name."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from rlcg_core.errors import ConfigError
from rlcg_core.identity import check_description
from rlcg_core.limits import GateLimits
from rlcg_core.parameters import from_values
from rlcg_core.robots import ROBOTS, Robot
from rlcg_policy import profile
from rlcg_policy.arm_parameters import ArmParameters
from rlcg_policy.kinematics import PinocchioKinematics

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "config/profiles").glob("*.yaml"))
LBR_JOINTS = tuple(f"lbr_A{i}" for i in range(1, 8))


def load(name: str) -> profile.Profile:
    return profile.load(profile.find(name, ROOT))


def parameters(name: str, **given: object) -> ArmParameters:
    return from_values(ArmParameters, {**load(name).parameters, "profile": name, **given})


def test_there_are_four_profiles_and_each_is_named_as_its_file() -> None:
    names = [path.stem for path in FILES]
    assert names == ["generic_ros2_control", "kuka_iiwa_lbr", "sim", "sim_robot2"]
    assert [profile.load(path).name for path in FILES] == names


@pytest.mark.parametrize("robot", ROBOTS.values(), ids=ROBOTS)
def test_the_simulated_robot_is_that_of_the_cell(robot: Robot) -> None:
    cell, settings = robot.cell, parameters(robot.profile)
    expected = GateLimits.of_cell(cell)
    found = settings.limits(simulated=False)
    for name, value in vars(expected).items():
        if name == "hold_on_activation":
            assert not found.hold_on_activation
        else:
            assert getattr(found, name) == value, name
    assert settings.arm == cell.arm
    assert settings.gripper == cell.gripper
    assert settings.urdf == cell.urdf


@pytest.mark.parametrize("name", ["sim", "sim_robot2", "kuka_iiwa_lbr"])
def test_a_robots_limits_are_within_its_description(name: str) -> None:
    settings = parameters(name)
    urdf = ROOT / "config/urdf" / settings.urdf
    kinematics = PinocchioKinematics(urdf, settings.arm)
    limits = settings.limits(simulated=False)
    check_description(limits, kinematics.joint_ranges, urdf.name)
    home = kinematics.tool_pose(np.array(settings.home_rad)).position_m
    assert np.all(home > limits.workspace.low_m)
    assert np.all(home < limits.workspace.high_m)


def test_the_iiwa_is_commanded_with_a_margin_below_its_driver() -> None:
    lbr, settings = load("kuka_iiwa_lbr"), parameters("kuka_iiwa_lbr")
    limits = settings.limits(simulated=False)
    assert limits.joint_names == LBR_JOINTS
    driver_rad = np.deg2rad([169, 119, 169, 119, 169, 119, 174])
    driver_rad_s = np.deg2rad([98, 98, 100, 130, 140, 180, 180])
    assert np.all(limits.high_rad - limits.joint_margin_rad < driver_rad - 0.03)
    assert np.all(limits.low_rad + limits.joint_margin_rad > -driver_rad + 0.03)
    allowed = limits.joint_speed_fraction * np.array(limits.speed_limit_rad_s)
    assert np.all(allowed < 0.5 * driver_rad_s)
    assert limits.hold_on_activation
    assert limits.speed_scale < 1.0
    assert limits.ramp_steps > 0
    assert lbr.topics["joint_states"] == "/lbr/joint_states"
    assert lbr.topics["joint_trajectory"].startswith("/lbr/joint_trajectory_controller/")
    assert lbr.topics["target_twist"] == "/lbr/servo_node/delta_twist_cmds"


def test_without_limits_there_is_no_gate() -> None:
    settings = parameters("generic_ros2_control")
    for ask in (lambda: settings.limits(simulated=False), lambda: settings.arm):
        with pytest.raises(ConfigError, match=r"does not give .*position_limit_rad.*workspace_low"):
            ask()


def test_a_parameter_wins_over_the_profile() -> None:
    assert parameters("sim", max_step_m=0.02).limits(simulated=False).max_step_m == 0.02


def spoiled(tmp_path: Path, spoil: str) -> Path:
    content = yaml.safe_load((ROOT / "config/profiles/sim.yaml").read_text())
    SPOILS[spoil](content)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


SPOILS = {
    "unknown section": lambda c: c.update(limit={}),
    "missing section": lambda c: c.pop("limits"),
    "unknown name": lambda c: c["limits"].update(max_step=0.1),
    "wrong section": lambda c: c["robot"].update(max_step_m=0.05),
    "wrong type": lambda c: c["limits"].update(max_step_m="far"),
    "out of range": lambda c: c["limits"].update(joint_speed_fraction=2.0),
    "not finite": lambda c: c["limits"].update(tool_speed_limit_m_s=float("nan")),
    "no choice": lambda c: c["command"].update(command_mode="velocity"),
    "unknown topic": lambda c: c["topics"].update(images="/camera"),
    "empty topic": lambda c: c["topics"].update(image_raw=""),
    "no mapping": lambda c: c.update(robot=["iiwa"]),
}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ("unknown section", "unknown ['limit']"),
        ("missing section", "lacks ['limits']"),
        ("unknown name", "section limits has max_step, expected only"),
        ("wrong section", "section robot has max_step_m"),
        ("wrong type", "max_step_m is 'far', expected a value of type float"),
        ("out of range", "joint_speed_fraction is 2.0, expected within [0.01, 1]"),
        ("not finite", "tool_speed_limit_m_s is nan"),
        ("no choice", "command_mode is 'velocity', expected one of joint_trajectory"),
        ("unknown topic", "topics has images, expected only image_raw"),
        ("empty topic", "topic image_raw is ''"),
        ("no mapping", "robot is ['iiwa'], expected names with values"),
    ],
)
def test_a_faulty_profile_is_refused_by_name(spoil: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        profile.load(spoiled(tmp_path, spoil))
    assert str(error.value).startswith("mine.yaml: ")
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: a\nname: b\n", "name stands twice"),
        ("a: [1, 2\n", "cannot be read"),
        ("!!python/object/apply:os.getcwd []\n", "cannot be read"),
        ("", "expected names with values"),
    ],
)
def test_text_that_is_no_profile_is_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        profile.load(path)


def test_an_unknown_profile_lists_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"'ur5'.*generic_ros2_control, kuka_iiwa_lbr, sim"):
        profile.find("ur5", ROOT)


def test_a_profile_may_be_given_by_path() -> None:
    path = FILES[0]
    assert profile.find(str(path), Path("/nowhere")) == path
