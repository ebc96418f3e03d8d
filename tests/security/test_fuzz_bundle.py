# SPDX-License-Identifier: Apache-2.0
"""Whatever a bundle holds, it loads or is refused with a reason: soon, and in little memory."""

import base64
import hashlib
import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny_model
from bundles import example_golden, example_manifest
from hypothesis import given
from hypothesis import strategies as st
from mutations import altered, check_reader, damaged, fuzz

from rlcg_core import bundle, strict_json
from rlcg_core.errors import BundleError
from rlcg_core.stored_frames import StoredFrame, StoredFrames, unpack
from rlcg_policy.graphs import form_bytes

MANIFEST, GOLDEN, FRAMES, GRAPH = bundle.MANIFEST, bundle.GOLDEN, bundle.FRAMES, bundle.GRAPH
FRAME = StoredFrame("", {"tool_pose": (0.6, 0.0, 0.3, 0.0)}, 3, (0.6, 0.0, 0.1), 0.5, (0.4,))


def contents() -> dict[str, bytes]:
    plain = {
        MANIFEST: example_manifest(),
        GOLDEN: example_golden(),
        FRAMES: StoredFrames("nowhere", (FRAME,)),
    }
    texts = {name: json.dumps(strict_json.to_plain(one)).encode() for name, one in plain.items()}
    return {**texts, GRAPH: tiny_model.graph().SerializeToString()}


GOOD = contents()
PLAIN = {name: json.loads(GOOD[name]) for name in (MANIFEST, GOLDEN, FRAMES)}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    """Write a bundle whose hashes are right as far as its manifest can be read."""
    for name in (GOLDEN, FRAMES, GRAPH):
        (folder / name).write_bytes(files[name])
    text = files[MANIFEST]
    try:
        plain = json.loads(text)
        if plain["files"] == {}:
            names = (GOLDEN, FRAMES, GRAPH)
            plain["files"] = {n: hashlib.sha256(files[n]).hexdigest() for n in names}
            text = json.dumps(plain).encode()
    except (ValueError, TypeError, LookupError, RecursionError):
        pass  # it is damaged: it stays as it is
    (folder / MANIFEST).write_bytes(text)
    return folder


def load(folder: Path) -> bundle.Bundle:
    """Do what serving does before a runtime sees the graph."""
    found = bundle.load(folder)
    for form in found.manifest.graphs:
        form_bytes(found, form)
    for frame in found.frames:
        if frame.image:
            unpack(frame.image)
    return found


def test_the_bundle_that_is_damaged_here_is_good(tmp_path: Path) -> None:
    assert load(write(tmp_path, GOOD)).frames == (FRAME,)


@fuzz
@given(name=st.sampled_from(sorted(GOOD)), data=st.data())
def test_damaged_bytes(tmp_path: Path, name: str, data: st.DataObject) -> None:
    changed = data.draw(damaged(GOOD[name]))
    write(tmp_path, {**GOOD, name: changed})
    check_reader(lambda: load(tmp_path))


@fuzz
@given(name=st.sampled_from(sorted(PLAIN)), data=st.data())
def test_other_values(tmp_path: Path, name: str, data: st.DataObject) -> None:
    changed = json.dumps(data.draw(altered(PLAIN[name]))).encode()
    write(tmp_path, {**GOOD, name: changed})
    check_reader(lambda: load(tmp_path))


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize("name", [MANIFEST, GOLDEN])
@pytest.mark.parametrize(
    "text",
    [
        nested(100_000),
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b"[" + b"[]," * 2_700_000 + b"[]]",
        b" " * (strict_json.MOST_BYTES + 1),
        b"\xff\xfe",
        b"\x00" * 1000,
        b"1e999",
        b"9" * 5000,
        b'{"name": "a", "name": "b"}',
        b"\xef\xbb\xbf{}",
    ],
    ids=["deep", "deep-map", "wide", "long", "utf16", "zeros", "inf", "digits", "twice", "bom"],
)
def test_texts_that_break_readers_are_refused(tmp_path: Path, name: str, text: bytes) -> None:
    write(tmp_path, {**GOOD, name: text})
    assert not check_reader(lambda: load(tmp_path))


def other_graph(path: str) -> Callable[[dict[str, Any]], None]:
    def change(plain: dict[str, Any]) -> None:
        form = {**plain["graphs"][0], "file": path, "samples": 8}
        plain["graphs"].append(form)
        plain["files"] = {name: "0" * 64 for name in (GOLDEN, GRAPH, path)}

    return change


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/hostname", "/dev/zero", "a/b", "..", ".", "", "a\0b", "a\\b"]
)
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    plain = json.loads(GOOD[MANIFEST])
    other_graph(path)(plain)
    write(tmp_path, {**GOOD, MANIFEST: json.dumps(plain).encode()})
    with pytest.raises(BundleError, match="expected the plain name of a file"):
        bundle.load(tmp_path)


@pytest.mark.parametrize("name", [MANIFEST, GOLDEN, GRAPH])
@pytest.mark.parametrize("target", ["/dev/zero", "/dev/stdin", "pipe", "folder", "loop"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, name: str, target: str) -> None:
    write(tmp_path, GOOD)
    (tmp_path / name).unlink()
    if target == "pipe":
        os.mkfifo(tmp_path / name)
    elif target == "folder":
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).symlink_to(name if target == "loop" else target)
    assert not check_reader(lambda: load(tmp_path))


def test_a_link_to_a_file_is_a_file_as_colcon_installs_it(tmp_path: Path) -> None:
    stored, linked = tmp_path / "stored", tmp_path / "linked"
    stored.mkdir()
    linked.mkdir()
    for path in write(stored, GOOD).iterdir():
        (linked / path.name).symlink_to(path)
    assert load(linked).manifest.name == "example"


@pytest.mark.parametrize(("iterations", "samples"), [(10**9, 32), (3, 10**9), (10**300, 10**300)])
def test_a_search_that_no_memory_holds_is_refused(
    tmp_path: Path, iterations: int, samples: int
) -> None:
    plain = json.loads(GOOD[MANIFEST])
    for block in (plain["cem"], plain["graphs"][0]):
        block |= {"iterations": iterations, "samples": samples}
    plain["inputs"]["noise"]["shape"] = [iterations, samples, 3]
    write(tmp_path, {**GOOD, MANIFEST: json.dumps(plain).encode()})
    with pytest.raises(BundleError, match="a search has"):
        bundle.load(tmp_path)


@pytest.mark.parametrize("seed", [-1, 2**32, 10**300])
def test_a_seed_that_no_generator_takes_is_refused(tmp_path: Path, seed: int) -> None:
    plain = json.loads(GOOD[GOLDEN])
    plain["cases"][0]["noise_seed"] = seed
    write(tmp_path, {**GOOD, GOLDEN: json.dumps(plain).encode()})
    with pytest.raises(BundleError, match="noise_seed is"):
        bundle.load(tmp_path)


@fuzz
@given(text=st.text(max_size=50) | st.binary(max_size=50).map(lambda raw: raw.decode("latin1")))
def test_a_stored_picture_is_whole_or_refused(text: str) -> None:
    check_reader(lambda: unpack(text))


def test_a_stored_picture_that_grows_without_end_is_refused() -> None:
    bomb = base64.b64encode(zlib.compress(bytes(30_000_000), 1)).decode()
    assert not check_reader(lambda: unpack(bomb))
