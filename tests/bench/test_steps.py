# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rlcg_bench import frame, prepare
from rlcg_bench.prepare import HOISTED, PLAIN, Work
from rlcg_bench.steps import Setup, graphs, naive, products, split, tensor2robot_loop
from rlcg_core.bundle import Bundle
from rlcg_core.regret import SAME_GOAL


def chosen(step: object, folder: Path, number: int) -> tuple[float, ...]:
    return step(frame.load(folder, number)).goal  # type: ignore[operator]


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize(
    "build", [naive.build_whole, tensor2robot_loop.build, split.build, graphs.build_two]
)
def test_every_float32_variant_chooses_what_the_hoisted_graph_chooses(
    build: object, number: int, setup: Setup, folder: Path
) -> None:
    expected = chosen(graphs.build_one(replace(setup, graph=HOISTED)), folder, number)
    found = chosen(build(setup), folder, number)  # type: ignore[operator]
    np.testing.assert_allclose(found, expected, atol=SAME_GOAL)


def test_the_graph_that_is_not_hoisted_chooses_the_same(setup: Setup, folder: Path) -> None:
    plain, hoisted = (graphs.build_one(replace(setup, graph=g)) for g in (PLAIN, HOISTED))
    np.testing.assert_allclose(chosen(plain, folder, 0), chosen(hoisted, folder, 0), atol=SAME_GOAL)


def test_the_other_memory_layout_chooses_the_same(setup: Setup, folder: Path) -> None:
    last = tensor2robot_loop.build(replace(setup, channels_last=True))
    usual = tensor2robot_loop.build(setup)
    np.testing.assert_allclose(chosen(last, folder, 1), chosen(usual, folder, 1), atol=SAME_GOAL)


def test_the_naive_chunk_is_an_exact_share_of_a_decision(
    small_bundle: Bundle, setup: Setup, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    plain = naive.pictures
    monkeypatch.setattr(naive, "pictures", lambda *given: sizes.append(given[-1]) or plain(*given))
    naive.build_chunk(setup)(frame.load(folder, 0))
    naive.build_whole(setup)(frame.load(folder, 0))
    chunk, *whole = sizes
    assert chunk * naive.chunks_per_decision(small_bundle.manifest.cem) == sum(whole) == 128


def test_the_best_rates_are_of_the_processor_and_positive(setup: Setup, folder: Path) -> None:
    found = products.build_peak(setup)(frame.load(folder, 0))
    assert found.rates is not None
    assert set(found.rates) == {"float32", "int8"}
    assert all(1.0 < rate < 1e6 for rate in found.rates.values())


def test_hoisting_saves_what_the_merge_of_all_candidates_but_one_costs(work: Work) -> None:
    assert 0.8 < work.hoisted_gflop / work.split_gflop < 0.95


def test_frames_are_rendered_by_another_process_each_its_own(
    small_bundle: Bundle, tmp_path: Path
) -> None:
    prepare.render(small_bundle.folder, tmp_path, 2)
    one, other = (frame.load(tmp_path, k) for k in (0, 1))
    assert one.image.shape == (512, 640, 3)
    assert one.noise.shape == small_bundle.manifest.cem.noise_shape
    assert np.any(one.image != other.image)
    assert np.any(one.noise != other.noise)
