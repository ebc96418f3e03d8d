# SPDX-License-Identifier: Apache-2.0
"""Where DDS reaches: domain, discovery range, the shared-memory profile, room in /dev/shm."""

import shutil
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

from rlcg_core.errors import ConfigError
from rlcg_policy.doctor.finding import Findings

PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
FAST = "rmw_fastrtps"
RANGES = ("SUBNET", "LOCALHOST", "OFF", "SYSTEM_DEFAULT")
# A port of a higher domain may fall into Linux's ephemeral range and be taken by then.
SAFE_DOMAIN, LAST_DOMAIN = 101, 232
# A participant takes 4 MB with our profile; a launch has up to eight.
SHM_WARN_MB, SHM_LEAST_MB = 64, 16
SHM = Path("/dev/shm")


def check(
    report: Findings,
    environment: Mapping[str, str],
    middleware: str,
    robot: str,
    shm: Path = SHM,
) -> None:
    """Add what the environment says of DDS.

    ``middleware``: as rclpy names it. ``robot``: name of the profile; "sim" has no robot.
    """
    path = next((environment[name] for name in PROFILE_VARIABLES if environment.get(name)), "")
    fast = middleware.startswith(FAST)
    shm_only = False
    with report.attempt("dds profile"):
        shm_only = bool(path) and fast and opens_no_socket(Path(path))
        if path and not fast:
            text = f"{Path(path).name} has no effect on {middleware}"
            report.warning("dds profile", text, "the middleware's own, as CYCLONEDDS_URI")
        else:
            _profile(report, path, shm_only, robot)
    _domain(report, environment.get("ROS_DOMAIN_ID", ""), shm_only)
    _range(report, environment, shm_only)
    _room(report, shm)


def opens_no_socket(path: Path) -> bool:
    """Return whether the default participant of a Fast DDS profile uses shared memory alone.

    Raises:
        ConfigError: The file is not there, or is no XML.
    """
    try:
        root = ET.fromstring(path.read_bytes())
    except (OSError, ET.ParseError) as error:
        raise ConfigError(
            f"{path} cannot be read ({error}), expected a Fast DDS profile: source "
            "scripts/env.sh, or unset the variable that names it"
        ) from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    kinds = {
        one.findtext("transport_id", "").strip(): one.findtext("type", "").strip().upper()
        for one in root.iter("transport_descriptor")
    }
    for participant in root.iter("participant"):
        if participant.get("is_default_profile") == "true":
            used = [(one.text or "").strip() for one in participant.iter("transport_id")]
            builtin = participant.findtext(".//useBuiltinTransports", "true").strip()
            return builtin == "false" and bool(used) and {kinds.get(u) for u in used} == {"SHM"}
    return False


def _profile(report: Findings, path: str, shm_only: bool, robot: str) -> None:
    check = "dds profile"
    if not path:
        report.ok(check, "none: DDS uses shared memory and the network")
    elif not shm_only:
        report.ok(check, f"{path}, which is not ours: DDS may use the network")
    elif robot == "sim":
        report.ok(check, f"{Path(path).name}: shared memory only, nothing leaves this machine")
    else:
        report.warning(
            check,
            f"{Path(path).name} keeps DDS within this machine",
            f"none for robot {robot}, whose drivers may run on another computer",
            f"unset {' '.join(PROFILE_VARIABLES)} if they do",
        )


def _domain(report: Findings, text: str, shm_only: bool) -> None:
    check = "dds domain"
    if text and not text.isdecimal():
        report.error(check, f"ROS_DOMAIN_ID is '{text}'", "a number", "export ROS_DOMAIN_ID=0")
        return
    number = int(text or 0)
    if number > LAST_DOMAIN:
        report.error(check, f"{number}", f"0 to {LAST_DOMAIN}", "export ROS_DOMAIN_ID=0")
    elif number > SAFE_DOMAIN and not shm_only:
        report.warning(
            check,
            f"{number}, whose ports may be taken by other programs",
            f"0 to {SAFE_DOMAIN}",
            "choose a lower ROS_DOMAIN_ID",
        )
    else:
        report.ok(check, f"{number}{'' if text else ' (ROS_DOMAIN_ID is not set)'}")


def _range(report: Findings, environment: Mapping[str, str], shm_only: bool) -> None:
    check, name = "dds range", "ROS_AUTOMATIC_DISCOVERY_RANGE"
    asked, localhost = environment.get(name, ""), environment.get("ROS_LOCALHOST_ONLY", "") == "1"
    if asked and asked.upper() not in RANGES:
        report.error(check, f"{name} is '{asked}'", f"one of {', '.join(RANGES)}", f"unset {name}")
    elif shm_only and (asked or localhost):
        report.warning(
            check,
            f"{name if asked else 'ROS_LOCALHOST_ONLY'} is set, which opens sockets all the same",
            "neither beside the shared-memory profile",
            f"unset {name} ROS_LOCALHOST_ONLY",
        )
    elif shm_only:
        report.ok(check, "this machine, by the shared-memory profile")
    elif localhost or asked.upper() in ("LOCALHOST", "OFF"):
        report.ok(check, "this machine")
    elif environment.get("ROS_SECURITY_ENABLE", "").lower() == "true":
        report.ok(check, "the network, with SROS 2")
    else:
        report.warning(
            check,
            "the network: whoever is on it may read, and command the arm",
            "a closed network, or less",
            f"set {name}=LOCALHOST where all nodes run here, or use SROS 2",
        )


def _room(report: Findings, shm: Path) -> None:
    check = "/dev/shm"
    if not shm.is_dir():
        report.error(check, f"no {shm}", "shared memory for DDS", "mount a tmpfs there")
        return
    free_mb = shutil.disk_usage(shm).free // 1_000_000
    if free_mb >= SHM_WARN_MB:
        report.ok(check, f"{free_mb} MB free")
        return
    add = report.error if free_mb < SHM_LEAST_MB else report.warning
    remedy = "docker run --shm-size=256m, or remove what killed programs left: fastdds shm clean"
    add(check, f"{free_mb} MB free", f"at least {SHM_WARN_MB} MB", remedy)
