# SPDX-License-Identifier: Apache-2.0
"""YAML files as plain values: small, without doubled keys, references, or tags of our choice."""

import stat
from pathlib import Path
from typing import Any

import yaml

from rlcg_core.errors import ConfigError

# PyYAML reads about 100 kB a second; profiles and calibrations have a tenth of it.
MOST_BYTES = 64 * 1024
DEEPEST = 20


def load(path: Path) -> Any:
    """Return what a YAML file says.

    Raises:
        ConfigError: It cannot be read, is no YAML, is longer than 64 KiB or deeper than 20
            levels, or has a key twice, a reference, or a value that is none of its type.
    """
    try:
        return yaml.load(_text(path), Loader=_StrictLoader)
    except (yaml.YAMLError, OSError, ValueError, OverflowError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def _text(path: Path) -> str:
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is no regular file")
    with path.open("rb") as stream:
        contents = stream.read(MOST_BYTES + 1)
    if len(contents) > MOST_BYTES:
        raise ValueError(f"it is longer than {MOST_BYTES} bytes")
    return contents.decode("utf-8")


class _StrictLoader(yaml.SafeLoader):
    """Plain YAML: no tags that make objects, no key twice, no references.

    References of references would grow without end where a value is shown.
    """

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has a reference (*name), expected the value itself")
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.YAMLError(f"it is deeper than {DEEPEST} levels")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        texts = [str(key) for key in keys]
        if len(set(texts)) != len(texts):
            doubled = sorted({text for text in texts if texts.count(text) > 1})[:3]
            raise yaml.YAMLError(f"{', '.join(doubled)} stands twice{node.start_mark}")
        return super().construct_mapping(node, deep)
