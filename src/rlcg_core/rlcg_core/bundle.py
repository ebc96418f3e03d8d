# SPDX-License-Identifier: Apache-2.0
"""A model bundle on disk: ``models/<name>/{policy.onnx, manifest.json, golden.json}``.

Loading reads JSON and hashes bytes; it executes nothing.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from rlcg_core import golden, manifest, strict_json
from rlcg_core.errors import BundleError

GRAPH, GOLDEN, MANIFEST = "policy.onnx", "golden.json", "manifest.json"


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: folder, manifest, golden vectors, and the very bytes that were hashed."""

    folder: Path
    manifest: manifest.Manifest
    golden: golden.Golden
    graph_bytes: bytes


def find(name: str, models: Path) -> Path:
    """Return the folder of a model given by name below ``models``, or by a path to a bundle."""
    for folder in (Path(name), models / name) if name else ():
        if (folder / MANIFEST).is_file():
            return folder
    known = sorted(path.parent.name for path in models.glob(f"*/{MANIFEST}"))
    raise BundleError(
        f"model {name!r} is unknown, {models} has {known}: name one of them or give the path of "
        f"a folder that holds {MANIFEST}"
    )


def load(folder: Path) -> Bundle:
    """Return the verified bundle; raises `BundleError` naming the field, found and expected."""
    found = strict_json.read(manifest.Manifest, folder / MANIFEST)
    manifest.check(found)
    if set(found.files) != {GRAPH, GOLDEN}:
        raise BundleError(f"manifest files are {sorted(found.files)}, expected {[GOLDEN, GRAPH]}")
    contents = {name: _verified(folder / name, digest) for name, digest in found.files.items()}
    vectors = strict_json.read(golden.Golden, folder / GOLDEN)
    if not vectors.cases or not set(found.outputs) <= set(vectors.tolerance):
        raise BundleError(f"{folder / GOLDEN} needs a case, and a tolerance for every output")
    return Bundle(folder, found, vectors, contents[GRAPH])


def write(folder: Path, contents: manifest.Manifest, vectors: golden.Golden) -> Bundle:
    """Write golden vectors and manifest beside the graph that already stands there.

    Fills in the hashes, then loads what was written and returns it.
    """
    strict_json.write(vectors, folder / GOLDEN)
    files = {name: hashlib.sha256(_read(folder / name)).hexdigest() for name in (GRAPH, GOLDEN)}
    strict_json.write(replace(contents, files=files), folder / MANIFEST)
    return load(folder)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror}): restore it") from error


def _verified(path: Path, expected: str) -> bytes:
    """Return the file's bytes if their sha256 is the expected one."""
    contents = _read(path)
    found = hashlib.sha256(contents).hexdigest()
    if found != expected:
        raise BundleError(
            f"{path} has sha256 {found[:16]}..., the manifest says {expected[:16]}...: the file "
            "was changed after export; fetch the bundle again"
        )
    return contents
