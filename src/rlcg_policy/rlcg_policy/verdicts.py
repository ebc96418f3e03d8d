# SPDX-License-Identifier: Apache-2.0
"""Verdicts remembered between starts, as JSON in the user's cache; trusted only for the same key.

The key says everything that a measurement depends on, so nothing is trusted after an upgrade.
"""

import hashlib
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import onnxruntime as ort

from rlcg_core import strict_json
from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError
from rlcg_policy.caches import user_cache
from rlcg_policy.plans import GPU_PROVIDERS, PROVIDERS
from rlcg_policy.processor import cpu_description, gpu_name
from rlcg_policy.verdict import Verdict

# Of the code that measures: raise it when verdicts of before must not be trusted.
PROBE_VERSION = 2

Key = dict[str, str]


@dataclass(frozen=True)
class _Record:
    """The file: what the verdicts depend on, and the verdicts."""

    key: Key
    verdicts: tuple[Verdict, ...]


def key_of(bundle: Bundle, threads: int) -> Key:
    """Return everything that a verdict depends on."""
    offered = ort.get_available_providers()
    gpus = {PROVIDERS[name] for name in GPU_PROVIDERS} & set(offered)
    return {
        "probe_version": str(PROBE_VERSION),
        "bundle": bundle.digest,
        "processor": cpu_description(),
        "gpu": gpu_name() if gpus else "",
        "onnxruntime": f"{ort.__version__} {ort.get_build_info()}",
        "providers": ",".join(offered),
        "threads": str(threads),
    }


class VerdictCache:
    """Reads and writes the verdicts of one key.

    ``complaints``: why the cache could not be used, for a warning; it is never an error.
    """

    def __init__(self, key: Key, folder: Path | None = None) -> None:
        """``folder`` None is the user's own."""
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]
        self._key, self.path = key, (folder or user_cache() / "plans") / f"{digest}.json"
        self.complaints: list[str] = []

    def read(self) -> dict[str, Verdict]:
        """Return the remembered verdicts by the name of their plan."""
        try:
            if not self._is_own():
                return {}
            record = strict_json.read(_Record, self.path)
        except BundleError as error:
            self._complain(f"ignored, delete the file: {error}")
            return {}
        if record.key != self._key:
            self._complain(f"ignored: {self.path} is of another machine, model or version")
            return {}
        return {verdict.plan: verdict for verdict in record.verdicts}

    def write(self, verdicts: dict[str, Verdict]) -> None:
        """Remember these verdicts instead of any before."""
        draft = self.path.with_suffix(f".{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.touch(mode=0o600)
            strict_json.write(_Record(self._key, tuple(verdicts.values())), draft)
            draft.replace(self.path)
        except OSError as error:
            self._complain(f"not written: {self.path}: {error.strerror}")

    def _is_own(self) -> bool:
        """Whether there is a file, and nobody but its owner, this user, can have written it."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        except OSError as error:
            self._complain(f"ignored: {self.path}: {error.strerror}")
            return False
        if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            self._complain(f"ignored: {self.path} can be written by others; delete it")
            return False
        return True

    def _complain(self, text: str) -> None:
        self.complaints.append(f"cache of plans {text}")
