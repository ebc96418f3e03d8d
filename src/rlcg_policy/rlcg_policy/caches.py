# SPDX-License-Identifier: Apache-2.0
"""The user's cache; whatever lies in it can be deleted at any time."""

import os
from pathlib import Path


def user_cache() -> Path:
    """Return ``$XDG_CACHE_HOME/rlcg``, ``~/.cache/rlcg`` where that is not set."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "rlcg"
