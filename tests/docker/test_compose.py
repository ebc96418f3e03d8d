# SPDX-License-Identifier: Apache-2.0
"""What the compose file promises of each service."""

import re
import subprocess
from pathlib import Path
from typing import Any

import dockerfile
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker" / "compose.yaml"
SERVICES = ("sim", "robot", "gpu", "train")
# A launch sends SIGTERM 5 s after SIGINT, and SIGKILL 5 s after that.
LAUNCH_ENDS_S = 10
PICTURE_BYTES = 512 * 640 * 3


def defaults(text: str) -> str:
    """Return the text with the default of each variable, as compose has it in an empty shell."""
    assert not re.search(r"\$(?!\{\w+:-[^}]*\})", text), "a variable without a default"
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(defaults(FILE.read_text()))["services"]
    return found


def test_there_is_a_service_per_profile(services: dict[str, dict[str, Any]]) -> None:
    assert {name: service["profiles"] for name, service in services.items()} == {
        name: [name] for name in SERVICES
    }


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_rights_that_it_does_not_need(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    service = services[name]
    assert service["user"] == "1000:1000"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is (name != "gpu")
    assert not {"privileged", "cap_add", "pid"} & set(service)


@pytest.mark.parametrize("name", SERVICES)
def test_a_stop_leaves_time_for_the_last_message_and_nothing_starts_again(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    service = services[name]
    assert service["stop_signal"] == "SIGINT"
    assert service["init"] is True
    assert int(service["stop_grace_period"].removesuffix("s")) > LAUNCH_ENDS_S
    assert service["restart"] == "no"


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_built_from_a_stage_and_tagged_by_it(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    build = services[name]["build"]
    distro = build["args"]["ROS_DISTRO"]
    assert build["target"] in dockerfile.read(FILE.parent / "Dockerfile", ROS_DISTRO=distro)
    assert services[name]["image"] == f"rlcg:{build['target']}-{distro}"
    assert (FILE.parent / build["context"] / build["dockerfile"]).is_file()


def test_dds_of_the_simulation_cannot_leave_the_container(
    services: dict[str, dict[str, Any]],
) -> None:
    assert services["sim"]["network_mode"] == "none"
    assert "ipc" not in services["sim"]
    # Fast DDS maps 4 MB per process and more for each port; Docker's own 64 MB are too few.
    assert services["sim"]["shm_size"] == "512m"


@pytest.mark.parametrize("name", ["robot", "gpu"])
def test_drivers_on_the_host_are_reached_by_network_and_shared_memory(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    service = services[name]
    assert (service["network_mode"], service["ipc"]) == ("host", "host")
    profile = service["environment"]["FASTDDS_DEFAULT_PROFILES_FILE"]
    text = (ROOT / Path(profile).relative_to("/opt/rlcg")).read_text()
    assert set(re.findall(r"<type>(\w+)</type>", text)) == {"UDPv4", "SHM"}
    # With less room a subscriber that takes the newest only loses pictures.
    (room_bytes,) = re.findall(r"<segment_size>(\d+)</segment_size>", text)
    assert int(room_bytes) > 4 * PICTURE_BYTES
    # robot.launch.py takes away the profile for one machine only, which it knows by its name.
    assert "fastdds_shm_only" not in profile


@pytest.mark.parametrize("name", ["robot", "gpu"])
def test_a_robot_has_its_camera_and_begins_slowly_without_limits_of_its_own(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    assert services[name]["devices"] == ["/dev/video0:/dev/video0"]
    assert services[name]["group_add"] == ["video"]
    assert "profile:=generic_ros2_control" in services[name]["command"]
    assert "speed_scale:=0.1" in services[name]["command"]


def test_only_the_gpu_service_reserves_a_gpu(services: dict[str, dict[str, Any]]) -> None:
    (device,) = services["gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert services["gpu"]["build"]["target"] == "gpu"
    assert [name for name in SERVICES if "deploy" in services[name]] == ["gpu"]


@pytest.mark.parametrize("name", SERVICES)
def test_folders_of_the_host_are_never_made_by_the_engine_as_root(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    volumes = services[name]["volumes"]
    binds = [volume for volume in volumes if volume["type"] == "bind"]
    assert all(volume["bind"] == {"create_host_path": False} for volume in binds)
    kept = {volume["target"] for volume in binds if not volume.get("read_only", False)}
    wanted = {"/data/runs", "/data/data" if name == "train" else "/data/bags"}
    assert kept == wanted


def launch_arguments(file: str) -> set[str]:
    """Return the names of the arguments that a launch file has."""
    done = subprocess.run(
        ["rlcg", "launch", "--show-args", "rlcg_policy", file],
        capture_output=True,
        text=True,
        check=True,
        timeout=60.0,
    )
    return set(re.findall(r"^ *'(\w+)':", done.stdout, re.MULTILINE))


@pytest.mark.parametrize("name", ["sim", "robot", "gpu"])
def test_every_launch_argument_is_one_of_the_launch_file(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    program, verb, package, file, *words = services[name]["command"]
    assert (program, verb, package) == ("rlcg", "launch", "rlcg_policy")
    given = {word.split(":=", 1)[0] for word in words}
    assert given <= launch_arguments(file)


@pytest.mark.parametrize("name", ["robot", "gpu"])
def test_the_health_check_asks_for_what_the_doctor_knows(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    kind, script, *words = services[name]["healthcheck"]["test"]
    assert (kind, script) == ("CMD", "/opt/rlcg/docker/health.sh")
    told = subprocess.run(
        ["rlcg", "doctor", "--help"], capture_output=True, text=True, check=True, timeout=60.0
    ).stdout
    options = {word for word in words if word.startswith("--")} | {"--quick"}
    assert options <= set(re.findall(r"--[\w-]+", told))
