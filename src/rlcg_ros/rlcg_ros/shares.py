# SPDX-License-Identifier: Apache-2.0
"""Files that ROS installs: where models and the robot description lie."""

from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

from rlcg_core.errors import ConfigError

SHARE_PACKAGE = "rlcg_policy"


def find_share(package: str = SHARE_PACKAGE) -> Path:
    """Return share/rlcg_policy, where launch, config and models are installed, or another's."""
    try:
        return Path(get_package_share_directory(package))
    except (PackageNotFoundError, ValueError):
        raise ConfigError(
            f"package '{package}' is not found, expected it built: source install/setup.bash"
        ) from None


def find_urdf(name: str) -> Path:
    """Return the path of a URDF given as a path, or by name from share/rlcg_policy/config/urdf."""
    given = Path(name).expanduser()
    if given.is_file():
        return given
    folder = find_share() / "config" / "urdf"
    if not (folder / name).is_file():
        raise ConfigError(f"no robot description at {name} nor {folder / name}, expected a URDF")
    return folder / name
