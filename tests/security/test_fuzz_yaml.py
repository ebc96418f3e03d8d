# SPDX-License-Identifier: Apache-2.0
"""Whatever a profile or a calibration holds, it is read or refused with a reason, soon."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from mutations import altered, check_reader, damaged, fuzz

from rlcg_core.calibration import pinhole
from rlcg_core.cell import ROBOT1
from rlcg_policy import profile
from rlcg_policy.camera.calibration_file import calibration_text, read_calibration

ROOT = Path(__file__).resolve().parents[2]
READERS = {"profile": profile.load, "calibration": read_calibration}
TEXTS = {
    "profile": (ROOT / "config/profiles/kuka_iiwa_lbr.yaml").read_text(),
    "calibration": calibration_text(pinhole(640, 512, ROBOT1.camera.intrinsics_px)),
}
every_kind = pytest.mark.parametrize("kind", sorted(READERS))


@every_kind
def test_the_file_that_is_damaged_here_is_good(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.yaml").write_text(TEXTS[kind])
    assert check_reader(lambda: READERS[kind](tmp_path / "a.yaml"))


@every_kind
@fuzz
@given(data=st.data())
def test_damaged_bytes(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    (tmp_path / "a.yaml").write_bytes(data.draw(damaged(TEXTS[kind].encode())))
    check_reader(lambda: READERS[kind](tmp_path / "a.yaml"))


@every_kind
@fuzz
@given(data=st.data())
def test_other_values(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    plain = data.draw(altered(yaml.safe_load(TEXTS[kind])))
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(plain))
    check_reader(lambda: READERS[kind](tmp_path / "a.yaml"))


BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@every_kind
@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "name: &n a\ndescription: *n\n",
        "name: &n [*n]\n",
        "[" * 3000,
        "- " * 3000,
        "a: " * 3000,
        "".join(f"k{number}: 1\n" for number in range(10_000)),
        "name: " + "x" * 1_000_000,
        "!!python/object/apply:os.system ['true']\n",
        "when: 2026-99-99\n",
        "number: !!int x\n",
        "image_width: .inf\nimage_height: .nan\n",
        "? [a, b]\n: 1\n",
        "a: 1\n--- \nb: 2\n",
        "\x00",
        "%YAML 9.9\n---\na: 1\n",
        "<<: 1\n",
    ],
    ids=lambda text: text[:12].encode("unicode_escape").decode(),
)
def test_texts_that_break_readers_are_refused(tmp_path: Path, kind: str, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    assert not check_reader(lambda: READERS[kind](tmp_path / "a.yaml"))


@every_kind
@pytest.mark.parametrize("rows", [".inf", "-1", "9999999999999999999999", "[3]", "null", "1.5"])
def test_a_matrix_of_strange_size_is_refused(tmp_path: Path, kind: str, rows: str) -> None:
    text = TEXTS["calibration"].replace("rows: 3", f"rows: {rows}", 1)
    assert text != TEXTS["calibration"]
    (tmp_path / "a.yaml").write_text(text)
    assert not check_reader(lambda: READERS[kind](tmp_path / "a.yaml"))


@every_kind
@pytest.mark.parametrize("target", ["/dev/zero", "pipe"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, kind: str, target: str) -> None:
    path = tmp_path / "a.yaml"
    if target == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(target)
    assert not check_reader(lambda: READERS[kind](path))
