# SPDX-License-Identifier: Apache-2.0
"""TensorRT's engines, which take minutes to build: kept per graph, device and version, and sealed.

TensorRT deserialises whatever it finds; a file that was cut short or changed may crash it. So only
files whose hashes were recorded after a session ran are left for it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import onnxruntime as ort

from rlcg_core import strict_json
from rlcg_core.errors import BundleError, ConfigError
from rlcg_policy.caches import user_cache
from rlcg_policy.processor import gpu_name

SEAL = "seal.json"


@dataclass(frozen=True)
class _Seal:
    """The sha256 of each file."""

    files: dict[str, str]


class EngineCache:
    """The folder of one graph on this device, driver and runtime; another version has another."""

    def __init__(self, graph: bytes, cache: Path | None = None) -> None:
        """Make the folder below ``cache``, the user's if None; raises `ConfigError`."""
        versions = f"{ort.__version__} {ort.get_build_info()} {gpu_name()}"
        digest = hashlib.sha256(graph + versions.encode()).hexdigest()[:16]
        self.folder = (cache or user_cache()) / "tensorrt" / digest
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(
                f"the engine cache {self.folder} cannot be made ({error.strerror}): set "
                "XDG_CACHE_HOME to a folder of yours"
            ) from error

    def discard_damaged(self) -> None:
        """Delete every engine unless all files are what they were when a session last ran."""
        try:
            sealed = strict_json.read(_Seal, self.folder / SEAL).files
        except BundleError:
            sealed = {}  # never sealed, or the seal itself is damaged
        if self._hashes() != sealed:
            for path in self._files():
                path.unlink()

    def seal(self) -> None:
        """Record the files as they are now, after a session ran on them."""
        strict_json.write(_Seal(self._hashes()), self.folder / SEAL)

    def _files(self) -> list[Path]:
        return sorted(p for p in self.folder.iterdir() if p.is_file() and p.name != SEAL)

    def _hashes(self) -> dict[str, str]:
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in self._files()}
