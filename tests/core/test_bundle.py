# SPDX-License-Identifier: Apache-2.0
"""A bundle loads whole or not at all, and says what was found, what was expected."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bundles import example_golden, example_manifest

from rlcg_core import bundle
from rlcg_core.errors import BundleError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "example"
    folder.mkdir(parents=True)
    (folder / bundle.GRAPH).write_bytes(b"a graph")
    bundle.write(folder, example_manifest(), example_golden())
    return folder


def edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / bundle.MANIFEST
    plain = json.loads(path.read_text())
    change(plain)
    path.write_text(json.dumps(plain))


def test_what_was_written_is_loaded(folder: Path) -> None:
    loaded = bundle.load(folder)
    assert loaded.graph_bytes == b"a graph"
    assert loaded.golden == example_golden()
    assert {**vars(loaded.manifest), "files": {}} == vars(example_manifest())


@pytest.mark.parametrize("name", [bundle.GRAPH, bundle.GOLDEN])
def test_one_changed_byte_is_refused(folder: Path, name: str) -> None:
    path = folder / name
    contents = bytearray(path.read_bytes())
    contents[-1] ^= 1
    path.write_bytes(contents)
    with pytest.raises(BundleError, match=rf"{name} has sha256 .* the manifest says"):
        bundle.load(folder)


@pytest.mark.parametrize("name", [bundle.GRAPH, bundle.GOLDEN, bundle.MANIFEST])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BundleError, match=name):
        bundle.load(folder)


def set_at(*keys: str | int, value: object) -> Callable[[Any], None]:
    def change(plain: Any) -> None:
        for key in keys[:-1]:
            plain = plain[key]
        plain[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (set_at("schema_version", value=1), "schema_version is 1, expected 2"),
        (set_at("spec_fingerprint", value="0" * 16), "spec_fingerprint is 0000000000000000, exp"),
        (set_at("comment", value="hello"), "unknown keys .'comment'."),
        (set_at("rule", "speed", value=1), "rule has unknown keys .'speed'."),
        (set_at("image", "encoding", value="bgr8"), "manifest image is .*bgr8"),
        (set_at("image", "width_px", value=320), "manifest image is .*320"),
        (set_at("action", "learned", value=["close"]), r"action.learned \+ action.by_rule"),
        (set_at("rule", value=None), "rule given is False, expected True"),
        (set_at("inputs", "noise", "shape", value=[2, 32, 3]), "inputs.noise"),
        (set_at("cem_start", "mean0", value=[0.0]), "lengths of CEM starts"),
        (set_at("rule", "local_std", value=[0.1]), "lengths of CEM starts"),
        (set_at("outputs", value={}), "outputs that are missing"),
        (set_at("cem", "answer", value="best"), "cem.answer is 'best', expected one of"),
        (set_at("cem", "elites", value=1), "2 <= elites"),
        (set_at("files", value={}), "manifest files are"),
        (set_at("files", "../other.onnx", value="00"), "expected the plain name of a file"),
    ],
)
def test_every_misfit_is_refused_by_name(folder: Path, change: Any, named: str) -> None:
    edit(folder, change)
    with pytest.raises(BundleError, match=named):
        bundle.load(folder)


def test_a_model_is_found_by_name_and_by_path(folder: Path) -> None:
    assert bundle.find("example", folder.parent) == folder
    assert bundle.find(str(folder), Path("nowhere")) == folder


@pytest.mark.parametrize("name", ["other", "", "../../etc"])
def test_an_unknown_model_lists_the_known_ones(folder: Path, name: str) -> None:
    with pytest.raises(BundleError, match=r"is unknown, .* has \['example'\]"):
        bundle.find(name, folder.parent)


def test_golden_vectors_without_a_tolerance_are_refused(folder: Path) -> None:
    golden = example_golden()
    with pytest.raises(BundleError, match="tolerance for every output"):
        bundle.write(folder, example_manifest(), type(golden)({"q": 0.1}, golden.cases))
