# SPDX-License-Identifier: Apache-2.0
"""`rlcg security`: policy and keys of SROS 2 for one robot."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

from rlcg_core.errors import ConfigError
from rlcg_policy import profile
from rlcg_policy.security.policy_file import FILE, adapted, enclaves

PRIVATE = 0o077  # a key that others can read protects nothing


def security(words: Sequence[str]) -> int:
    """Write the SROS 2 policy of a robot, or make its keys."""
    parser = argparse.ArgumentParser(prog="rlcg security", description=security.__doc__)
    jobs = parser.add_subparsers(dest="job", required=True)
    printed = _arguments(jobs.add_parser("policy", help="print the policy, or write it"))
    printed.add_argument("--out", type=Path, help="write it to this file")
    keystore = _arguments(jobs.add_parser("keystore", help="make keys, by ros2 security"))
    keystore.add_argument("folder", type=Path, help="the keystore; one that exists is kept")
    options = parser.parse_args(words)
    try:
        policy = _policy(options.profile, options.namespace)
        if options.job == "keystore":
            make_keystore(policy, options.folder)
        elif options.out is not None:
            _write(policy, options.out)
        else:
            print(policy, end="")
    except ConfigError as error:
        print(f"rlcg security: {error}", file=sys.stderr)
        return 2
    return 0


def make_keystore(policy: str, folder: Path) -> None:
    """Make keys and permissions for each enclave of ``policy``, and say how they are used.

    A keystore that is there keeps its keys; its permissions become those of the policy. The ROS
    domain is that of the environment. Raises `ConfigError`.
    """
    ros2 = shutil.which("ros2")
    if ros2 is None:
        raise ConfigError(
            "found no ros2, expected ROS 2 with the package sros2: install it, or make the keys "
            "on another computer from what `rlcg security policy` prints"
        )
    folder = folder.absolute()
    file = folder / "policy.xml"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be made ({error.strerror}): name another") from error
    _write(policy, file)
    words = [ros2, "security", "generate_artifacts", "-k", str(folder), "-p", str(file)]
    code = subprocess.run(words, umask=PRIVATE).returncode
    if code != 0:
        raise ConfigError(
            f"`{' '.join(words)}` ended with code {code}, expected 0: is sros2 installed (apt "
            "install ros-$ROS_DISTRO-sros2)?"
        )
    print(f"keys of {', '.join(enclaves(policy))} are in {folder}; nodes use them with")
    print(f"export ROS_SECURITY_KEYSTORE={folder}")
    print("export ROS_SECURITY_ENABLE=true ROS_SECURITY_STRATEGY=Enforce")


def _arguments(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--profile", default="sim", help="the robot's profile, a name or a file (default: sim)"
    )
    parser.add_argument("--namespace", default="", help="ROS namespace of the nodes")
    return parser


def _write(policy: str, file: Path) -> None:
    try:
        file.write_text(policy, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} cannot be written ({error.strerror}): name another") from error


def _policy(name: str, namespace: str) -> str:
    try:
        share = Path(get_package_share_directory("rlcg_policy"))
    except PackageNotFoundError as error:
        raise ConfigError(f"{error}, expected rlcg built: source install/setup.bash") from error
    robot = profile.load(profile.find(name, share))
    return adapted(share / FILE, robot.topics, namespace)
