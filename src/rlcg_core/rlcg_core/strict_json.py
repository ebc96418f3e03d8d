# SPDX-License-Identifier: Apache-2.0
"""JSON to dataclasses and back: unknown keys, missing keys and other types are refused by name."""

import dataclasses
import json
import math
import types
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from rlcg_core.errors import BundleError, ConfigError
from rlcg_core.stored_file import MIB, read_file

T = TypeVar("T")

# Lists of nothing take twenty times their text in memory.
MOST_BYTES = 8 * MIB


def read(cls: type[T], path: Path) -> T:
    """Return ``path``'s JSON as an instance of the dataclass ``cls``; raises `BundleError`."""
    return parse(cls, read_file(path, MOST_BYTES), path)


def parse(cls: type[T], contents: bytes, path: Path) -> T:
    """Return the JSON that was read from ``path`` as ``cls``; raises `BundleError`."""
    try:
        plain = json.loads(contents.decode("utf-8"), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path} is not readable JSON ({error}): restore the file") from error
    try:
        value: T = from_plain(cls, plain, path.name)
    except ConfigError as error:
        raise BundleError(f"{path}: {error}") from error
    return value


def write(value: object, path: Path) -> None:
    """Write a dataclass as indented JSON; NaN and infinity are refused (ValueError)."""
    text = json.dumps(to_plain(value), indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def to_plain(value: object) -> Any:
    """Return ``value`` with dataclasses as dicts and tuples as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: to_plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: Any, plain: Any, where: str) -> Any:
    """Return ``plain`` as ``kind``: dataclass, tuple, dict, Literal, optional or a JSON scalar.

    ``where`` names the place in error messages. Raises `ConfigError`.
    """
    origin = get_origin(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, plain, where)
    if origin is tuple:
        return _tuple(get_args(kind), _expect(list, plain, where), where)
    if origin is dict:
        item = get_args(kind)[1]
        pairs = _expect(dict, plain, where).items()
        return {key: from_plain(item, value, f"{where}.{key}") for key, value in pairs}
    if origin is Literal:
        if plain not in get_args(kind):
            raise ConfigError(f"{where} is {plain!r:.60}, expected one of {list(get_args(kind))}")
        return plain
    if origin in (Union, types.UnionType):
        inner = [option for option in get_args(kind) if option is not type(None)]
        return None if plain is None else from_plain(inner[0], plain, where)
    return _scalar(kind, plain, where)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Two readers of the same file could take different ones.
        raise ValueError(f"a key stands twice among {sorted({key for key, _ in pairs})!r:.200}")
    return found


def _dataclass(cls: Any, plain: Any, where: str) -> Any:
    plain = _expect(dict, plain, where)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    unknown = sorted(set(plain) - set(fields))
    missing = sorted(set(fields) - set(plain))
    if unknown or missing:
        raise ConfigError(
            f"{where} has unknown keys {unknown!r:.200} and lacks {missing}, expected exactly "
            f"{sorted(fields)}: it was written by another version of rlcg"
        )
    hints = get_type_hints(cls)
    return cls(**{n: from_plain(hints[n], plain[n], f"{where}.{n}") for n in fields})


def _tuple(kinds: tuple[Any, ...], plain: list[Any], where: str) -> tuple[Any, ...]:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(plain)
    if len(kinds) != len(plain):
        raise ConfigError(f"{where} has {len(plain)} entries, expected {len(kinds)}")
    pairs = enumerate(zip(kinds, plain, strict=True))
    return tuple(from_plain(kind, item, f"{where}[{i}]") for i, (kind, item) in pairs)


def _scalar(kind: Any, plain: Any, where: str) -> Any:
    if kind is float and isinstance(plain, int) and not isinstance(plain, bool):
        plain = float(plain) if abs(plain) < 2**1023 else math.inf
    plain = _expect(kind, plain, where)
    if kind is float and not math.isfinite(plain):
        raise ConfigError(f"{where} is {plain}, expected a finite number")
    return plain


def _expect(kind: Any, plain: Any, where: str) -> Any:
    if type(plain) is not kind:
        raise ConfigError(f"{where} is {plain!r:.60}, expected {kind.__name__}")
    return plain
