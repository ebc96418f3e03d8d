# SPDX-License-Identifier: Apache-2.0
"""The commit that a trained model names."""

from pathlib import Path

import pytest

from rlcg_train.export import current_commit


def test_a_container_image_says_its_commit_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLCG_COMMIT", "0123456789ab")
    assert current_commit() == "0123456789ab"


def test_no_training_is_lost_for_want_of_git(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("RLCG_COMMIT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert current_commit() == "unknown"
