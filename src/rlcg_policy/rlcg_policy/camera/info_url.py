# SPDX-License-Identifier: Apache-2.0
"""``camera_info_url`` as ROS's camera_info_manager reads it: to the path of a file."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from rlcg_core.errors import ConfigError

DEFAULT_URL = "file://${ROS_HOME}/camera_info/${NAME}.yaml"


def info_path(url: str, camera_name: str, find_share: Callable[[str], Path]) -> Path:
    """Return the path that a URL names; raises `ConfigError`.

    ``file:///path`` and ``package://package/path`` are known, ``${NAME}`` stands for the camera's
    name, ``${ROS_HOME}`` for that directory; an empty URL is `DEFAULT_URL`. ``find_share`` returns
    the share directory of a package.
    """
    text = _substituted(url or DEFAULT_URL, camera_name)
    if text.startswith("file://"):
        path = Path(text.removeprefix("file://"))
        if not path.is_absolute():
            raise ConfigError(f"camera_info_url is '{url}', expected an absolute path: file:///...")
        return path
    if text.startswith("package://"):
        package, _, rest = text.removeprefix("package://").partition("/")
        if package and rest:
            return find_share(package) / rest
    raise ConfigError(
        f"camera_info_url is '{url}', expected file:///path/to/file.yaml, "
        f"package://package/path/to/file.yaml, or nothing for {DEFAULT_URL}"
    )


def _substituted(url: str, camera_name: str) -> str:
    ros_home = os.environ.get("ROS_HOME") or str(Path.home() / ".ros")
    values = {"NAME": camera_name, "ROS_HOME": ros_home}

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise ConfigError(
                f"camera_info_url is '{url}' with {match[0]}, expected ${{NAME}} or ${{ROS_HOME}}"
            )
        return values[match[1]]

    return re.sub(r"\$\{(\w*)\}", value, url)
