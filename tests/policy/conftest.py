# SPDX-License-Identifier: Apache-2.0
"""A bundle of the tiny model, written once for each file of tests."""

import pytest
import tiny_model

from rlcg_core.bundle import Bundle


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The tiny model, to be read only."""
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny")
