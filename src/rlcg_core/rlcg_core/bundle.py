# SPDX-License-Identifier: Apache-2.0
"""A model bundle on disk: ``models/<name>/{policy.onnx, manifest.json, golden.json}``.

Beside them may stand further forms of the graph and the frames that judge them.

Loading reads JSON and hashes bytes; it executes nothing.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from rlcg_core import golden, manifest, strict_json
from rlcg_core.errors import BundleError
from rlcg_core.stored_file import MIB, check_plain_name, read_file
from rlcg_core.stored_frames import StoredFrame, StoredFrames

GRAPH, GOLDEN, MANIFEST = manifest.FULL_GRAPH, "golden.json", "manifest.json"
FRAMES = "frames.json"
# 64 million weights of float32, fifty times the network of QT-Opt.
MOST_BYTES = 256 * MIB


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: folder, manifest, golden vectors, and the very bytes that were hashed.

    ``graphs`` maps each graph's file name to its bytes; ``frames`` is empty where none are stored.
    """

    folder: Path
    manifest: manifest.Manifest
    golden: golden.Golden
    graphs: dict[str, bytes]
    frames: tuple[StoredFrame, ...] = ()

    @property
    def graph_bytes(self) -> bytes:
        """Return the full float32 graph."""
        return self.graphs[GRAPH]

    @property
    def digest(self) -> str:
        """Return 16 hexadecimal digits of everything that was hashed."""
        text = "".join(f"{name} {digest}\n" for name, digest in sorted(self.manifest.files.items()))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


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
    for name in found.files:
        check_plain_name(name, "a name in manifest files")
    expected = {GOLDEN, *(form.file for form in found.graphs)}
    if set(found.files) - {FRAMES} != expected:
        raise BundleError(f"manifest files are {sorted(found.files)}, expected {sorted(expected)}")
    contents = {name: _verified(folder / name, digest) for name, digest in found.files.items()}
    vectors = strict_json.parse(golden.Golden, contents[GOLDEN], folder / GOLDEN)
    if not vectors.cases or not set(found.outputs) <= set(vectors.tolerance):
        raise BundleError(f"{folder / GOLDEN} needs a case, and a tolerance for every output")
    graphs = {form.file: contents[form.file] for form in found.graphs}
    frames: tuple[StoredFrame, ...] = ()
    if FRAMES in found.files:
        frames = strict_json.parse(StoredFrames, contents[FRAMES], folder / FRAMES).frames
    return Bundle(folder, found, vectors, graphs, frames)


def write(
    folder: Path,
    contents: manifest.Manifest,
    vectors: golden.Golden,
    frames: StoredFrames | None = None,
) -> Bundle:
    """Write golden vectors, frames and manifest beside the graphs that already stand there.

    Frames that already stand there stay if none are given. Fills in the hashes, then loads what
    was written and returns it.
    """
    strict_json.write(vectors, folder / GOLDEN)
    if frames is not None:
        strict_json.write(frames, folder / FRAMES)
    names = [GOLDEN, *(form.file for form in contents.graphs)]
    names += [FRAMES] if (folder / FRAMES).is_file() else []
    files = {name: _digest(read_file(folder / name, MOST_BYTES)) for name in names}
    strict_json.write(replace(contents, files=files), folder / MANIFEST)
    return load(folder)


def _digest(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()


def _verified(path: Path, expected: str) -> bytes:
    """Return the file's bytes if their sha256 is the expected one."""
    contents = read_file(path, MOST_BYTES)
    found = _digest(contents)
    if found != expected:
        raise BundleError(
            f"{path} has sha256 {found[:16]}..., the manifest says {expected:.16}...: the file "
            "was changed after export; fetch the bundle again"
        )
    return contents
