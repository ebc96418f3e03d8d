# SPDX-License-Identifier: Apache-2.0
"""The SROS 2 policy of our programs, in the names of one robot.

``config/sros2/policy.xml`` speaks the names in the nodes, relative to the root namespace. A robot
has others, and those a policy must allow instead.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from rlcg_core.errors import ConfigError

FILE = Path("config") / "sros2" / "policy.xml"
_NAMES = ("topic", "service", "action")
_NAMESPACE = re.compile(r"/?([A-Za-z]\w*(/[A-Za-z]\w*)*/?)?")


def adapted(path: Path, topics: Mapping[str, str], namespace: str) -> str:
    """Return the policy at ``path`` with a robot's names.

    Args:
        path: A policy with the names in the nodes.
        topics: The robot's name by the name in the nodes, as a profile has them.
        namespace: Where the nodes run, empty for the root.

    Raises:
        ConfigError: The namespace is none, or the file is no policy.
    """
    if not _NAMESPACE.fullmatch(namespace):
        raise ConfigError(f"namespace is '{namespace}', expected names with '/' between: cell_1")
    try:
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ElementTree.ParseError) as error:
        raise ConfigError(f"{path} cannot be read as a policy: {error}") from error
    for profile in root.iter("profile"):
        profile.set("ns", f"/{namespace.strip('/')}")
        for name in (element for kind in _NAMES for element in profile.iter(kind)):
            name.text = _renamed(name.text or "", topics)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def enclaves(policy: str) -> list[str]:
    """Return the paths of a policy's enclaves."""
    return [element.get("path", "") for element in ElementTree.fromstring(policy).iter("enclave")]


def _renamed(name: str, topics: Mapping[str, str]) -> str:
    """Return a name as remapped; what lies below a topic, as image_raw/compressed, goes along."""
    first, slash, rest = name.partition("/")
    return topics.get(first, first) + slash + rest
