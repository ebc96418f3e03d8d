# SPDX-License-Identifier: Apache-2.0
"""Folders in the user's cache; whatever lies in them can be deleted at any time."""

import hashlib
import os
from pathlib import Path

import onnxruntime as ort

from rlcg_core.errors import ConfigError
from rlcg_policy.processor import gpu_name


def user_cache() -> Path:
    """Return ``$XDG_CACHE_HOME/rlcg``, ``~/.cache/rlcg`` where that is not set."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "rlcg"


def engine_folder(graph: bytes, cache: Path | None = None) -> Path:
    """Return TensorRT's folder for engines of this graph, device, driver and runtime; made here.

    An engine of another version lies in another folder, so it is never read. Raises `ConfigError`
    if the folder cannot be made.
    """
    versions = f"{ort.__version__} {ort.get_build_info()} {gpu_name()}"
    digest = hashlib.sha256(graph + versions.encode()).hexdigest()[:16]
    folder = (cache or user_cache()) / "tensorrt" / digest
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(
            f"the engine cache {folder} cannot be made ({error.strerror}): set XDG_CACHE_HOME to a "
            "folder of yours"
        ) from error
    return folder
