# SPDX-License-Identifier: Apache-2.0
"""Reading a file that somebody else may have made: a regular one, and no more than fits."""

import stat
from pathlib import Path

from rlcg_core.errors import BundleError

MIB = 2**20


def read_file(path: Path, most_bytes: int) -> bytes:
    """Return a file's contents.

    Raises:
        BundleError: It is missing, unreadable, no regular file (a device never ends, a pipe never
            begins), or longer than ``most_bytes``.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise BundleError(f"{path} is no regular file, expected one: restore it")
        with path.open("rb") as stream:
            contents = stream.read(most_bytes + 1)
    except FileNotFoundError:
        raise BundleError(f"{path} is missing: restore it, or name another model") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise BundleError(f"{path} cannot be read ({error}): restore it") from error
    if len(contents) > most_bytes:
        raise BundleError(
            f"{path} is longer than {most_bytes / MIB:g} MiB, expected less: restore it"
        )
    return contents


def check_plain_name(name: str, what: str) -> None:
    """Raise `BundleError` unless ``name`` is that of a file in the same folder."""
    if not name or name in (".", "..") or any(part in name for part in "/\\\0"):
        raise BundleError(f"{what} is {name!r:.80}, expected the plain name of a file beside it")
