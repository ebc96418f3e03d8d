# SPDX-License-Identifier: Apache-2.0
"""Golden inputs must be the same on every machine and numpy, so their hashes stand here."""

import hashlib

import numpy as np
import pytest
from bundles import example_golden

from rlcg_core import golden
from rlcg_core.errors import BundleError
from rlcg_core.golden import Golden, GoldenCase


def test_pattern_image_never_changes() -> None:
    image = golden.pattern_image(1)
    assert image.shape == (512, 640, 3)
    assert hashlib.sha256(image.tobytes()).hexdigest()[:16] == "387f16bc19a1f99a"
    assert np.unique(image.reshape(-1, 3), axis=0).shape[0] > 10


def test_pattern_noise_never_changes() -> None:
    np.testing.assert_allclose(
        golden.pattern_noise(2, (3,)), [-0.41675785, -0.05626683, -2.1361961], rtol=1e-6
    )
    assert golden.pattern_noise(2, (3, 4, 2)).dtype == np.float32


def test_other_seeds_give_other_inputs() -> None:
    assert not np.array_equal(golden.pattern_image(1), golden.pattern_image(2))
    assert not np.array_equal(golden.pattern_noise(1, (4,)), golden.pattern_noise(2, (4,)))


def record(q: float) -> Golden:
    case = example_golden().cases[0]
    return Golden({"q": 0.01}, (GoldenCase(1, 2, case.inputs, {"q": (q,)}),))


def test_outputs_within_tolerance_pass_and_others_are_named() -> None:
    golden.compare(record(0.5), 0, {"q": np.float32(0.505)})
    for wrong in (0.52, np.nan, [0.5, 0.5]):
        with pytest.raises(BundleError, match="golden case 0: output q is"):
            golden.compare(record(0.5), 0, {"q": wrong})
