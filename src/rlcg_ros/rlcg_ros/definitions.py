# SPDX-License-Identifier: Apache-2.0
"""Full message definitions in the ros2msg form: a type followed by all types that it is made of."""

import re
from collections.abc import Callable
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

from rlcg_core.errors import ConfigError

SEPARATOR = "=" * 80
PRIMITIVES = {
    *("bool", "byte", "char", "string", "wstring", "float32", "float64"),
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
}

_TYPE_NAME = re.compile(r"([A-Za-z]\w*)/(msg|srv|action)/([A-Za-z]\w*)")


def name_parts(type_name: str) -> tuple[str, str, str]:
    """Return package, kind and name of ``package/msg/Name``; raises `ConfigError`."""
    match = _TYPE_NAME.fullmatch(type_name)
    if match is None:
        raise ConfigError(f"message type is {type_name!r:.80}, expected package/msg/Name")
    return match[1], match[2], match[3]


def read_definition(type_name: str) -> str:
    """Return the text of the .msg file of ``package/msg/Name``; raises `ConfigError`."""
    package, kind, name = name_parts(type_name)
    try:
        path = Path(get_package_share_directory(package)) / kind / f"{name}.msg"
        return path.read_text(encoding="utf-8")
    except (PackageNotFoundError, OSError):
        raise ConfigError(
            f"the definition of {type_name} is not found, expected {name}.msg in share/{package}"
        ) from None


def full_definition(type_name: str, read: Callable[[str], str] = read_definition) -> str:
    """Return the definition of ``package/msg/Name`` with those of its parts.

    ``read`` returns the text of the .msg file of a type.
    """
    text = read(type_name)
    parts, known = [text], {type_name}
    waiting = parts_of(text, type_name)
    while waiting:
        part = waiting.pop(0)
        if part in known:
            continue
        known.add(part)
        text = read(part)
        package, _, name = part.split("/")
        parts.append(f"{SEPARATOR}\nMSG: {package}/{name}\n{text}")
        waiting += parts_of(text, part)
    return "\n".join(parts)


def parts_of(text: str, type_name: str) -> list[str]:
    """Return the message types that a definition names, as ``package/msg/Name``, in order."""
    found = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if len(words) < 2:
            continue
        name = re.sub(r"\[.*$", "", words[0]).split("<=")[0]
        if name in PRIMITIVES:
            continue
        package, _, short = name.rpartition("/")
        package = package.removesuffix("/msg") or type_name.split("/")[0]
        found.append(f"{package}/msg/{short}")
    return found
