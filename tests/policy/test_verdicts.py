# SPDX-License-Identifier: Apache-2.0
"""Verdicts are remembered for the same model, machine and runtime, and for nothing else."""

import os
from pathlib import Path

import onnxruntime
import pytest
import tiny_forms
import tiny_model

from rlcg_core.bundle import Bundle
from rlcg_core.regret import Regret
from rlcg_policy import processor, verdicts
from rlcg_policy.verdict import Answer, Timing, Verdict
from rlcg_policy.verdicts import VerdictCache, key_of

GOOD = Verdict(
    "cpu-float32",
    timings=(Timing(2, 64, 410.0, 409.0),),
    regret=Regret(24, 0.0, 0.0, 0.001, 0.02, 1.0),
    node_share=1.0,
    first=Answer((0.1, 0.2), 0.9),
)
KEY = {"bundle": "0123", "onnxruntime": "1.31.1"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    poor = Verdict("cpu-int8", "quality", "too poor")
    VerdictCache(KEY, tmp_path).write({GOOD.plan: GOOD, poor.plan: poor})
    cache = VerdictCache(dict(KEY), tmp_path)
    assert cache.read() == {"cpu-float32": GOOD, "cpu-int8": poor}
    assert cache.complaints == []


def test_an_empty_cache_is_no_complaint(tmp_path: Path) -> None:
    cache = VerdictCache(KEY, tmp_path / "new")
    assert cache.read() == {}
    assert cache.complaints == []


@pytest.mark.parametrize("change", ["bundle", "onnxruntime"])
def test_nothing_is_trusted_after_an_upgrade(tmp_path: Path, change: str) -> None:
    VerdictCache(KEY, tmp_path).write({GOOD.plan: GOOD})
    upgraded = VerdictCache({**KEY, change: "9.9.9"}, tmp_path)
    assert upgraded.read() == {}
    # Even if the file of before stood in the place of the new one.
    VerdictCache(KEY, tmp_path).path.rename(upgraded.path)
    assert upgraded.read() == {}
    assert "another machine, model or version" in upgraded.complaints[0]


@pytest.mark.parametrize(
    "contents", ["", "no json", "[]", '{"key": {}, "verdicts": [{"plan": 1}]}', "\x00\xff"]
)
def test_a_damaged_cache_is_ignored_with_a_reason(tmp_path: Path, contents: str) -> None:
    cache = VerdictCache(KEY, tmp_path)
    cache.path.write_bytes(contents.encode("latin-1"))
    cache.path.chmod(0o600)
    assert cache.read() == {}
    assert "cache of plans ignored, delete the file" in cache.complaints[0]


def test_a_cache_that_others_can_write_is_ignored(tmp_path: Path) -> None:
    cache = VerdictCache(KEY, tmp_path)
    cache.write({GOOD.plan: GOOD})
    assert cache.read()
    cache.path.chmod(0o666)
    assert cache.read() == {}
    assert "can be written by others" in cache.complaints[0]


def test_a_cache_of_another_user_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = VerdictCache(KEY, tmp_path)
    cache.write({GOOD.plan: GOOD})
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert cache.read() == {}


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = VerdictCache(KEY, tmp_path / "file")
    cache.write({GOOD.plan: GOOD})
    assert "cache of plans not written" in cache.complaints[0]
    assert cache.read() == {}


def test_a_mask_that_lets_the_group_write_does_not_spoil_the_cache(tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        cache = VerdictCache(KEY, tmp_path)
        cache.write({GOOD.plan: GOOD})
    finally:
        os.umask(before)
    assert cache.read()


def test_the_key_changes_with_all_that_a_measurement_depends_on(
    tiny: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = key_of(tiny, 1)
    assert base == key_of(tiny, 1)
    keys = [key_of(tiny, 2), key_of(tiny_forms.write(tmp_path / "other"), 1)]
    with monkeypatch.context() as patch:
        patch.setattr(onnxruntime, "__version__", "9.9.9")
        keys.append(key_of(tiny, 1))
    with monkeypatch.context() as patch:
        patch.setattr(verdicts, "PROBE_VERSION", 999)
        keys.append(key_of(tiny, 1))
    with monkeypatch.context() as patch:
        (tmp_path / "cpuinfo").write_text("model name\t: Another 9000\nflags\t\t: avx2\n")
        patch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
        keys.append(key_of(tiny, 1))
        assert "Another 9000 | avx2" in keys[-1]["processor"]
    with monkeypatch.context() as patch:
        offered = ["CUDAExecutionProvider", "CPUExecutionProvider"]
        patch.setattr(onnxruntime, "get_available_providers", lambda: offered)
        keys.append(key_of(tiny, 1))
        patch.setattr(verdicts, "gpu_name", lambda: "a GPU, 580.1")
        keys.append(key_of(tiny, 1))
    texts = [str(key) for key in (base, *keys)]
    assert len(set(texts)) == len(texts)


def test_a_machine_without_cpuinfo_or_gpu_has_a_key_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "nothing")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "cores" in processor.cpu_description()
    assert processor.gpu_name() == ""
