# SPDX-License-Identifier: Apache-2.0
"""Shards, fitting and export at toy size: a tiny training run must learn something."""

from pathlib import Path

import numpy as np
import pytest
import torch

from rlcg_core import bundle
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import BundleError, DataError
from rlcg_core.manifest import Metric, Training
from rlcg_core.reasons import Outcome
from rlcg_train import dataset, export, fit, shards
from rlcg_train.cli import main
from rlcg_train.profiles import GOAL
from rlcg_train.rollout import Attempt, Frame

PROJECTION = ROBOT1.camera.projection_base_to_px()


def synthetic_attempt(seed: int) -> Attempt:
    """A grasp succeeds if and only if a bright disc lies where the jaw closes."""
    from rlcg_core.camera import project

    rng = np.random.default_rng(seed)
    goal = np.array([rng.uniform(0.5, 0.64), rng.uniform(-0.1, 0.1), rng.uniform(-1.5, 1.5)])
    success = bool(rng.random() < 0.5)
    angle = rng.uniform(-np.pi, np.pi)
    aside = 0.0 if success else 0.05
    spot = goal[:2] + aside * np.array([np.cos(angle), np.sin(angle)])
    column, row = project(PROJECTION, np.array([[*spot, 0.012]]))[0]
    rows, columns = np.mgrid[:512, :640]
    image = np.full((512, 640, 3), 60, np.uint8)
    image[np.hypot(rows - row, columns - column) < 14] = 230
    frame = Frame(image, np.array([0.57, 0.0, 0.25, 0.0]))
    outcome = Outcome.SUCCESS if success else Outcome.FAILURE
    return Attempt((frame,), goal, outcome, steps=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("attempts")
    for shard in range(6):
        attempts = {k: synthetic_attempt(k) for k in range(100 * shard, 100 * (shard + 1))}
        shards.write_shard(path / f"{shard:05d}.npz", attempts, "tiny", PROJECTION)
    return path


def settings(folder: Path, out: Path, epochs: int) -> fit.FitSettings:
    network = fit.NetworkSettings(widths=(12, 16, 16), hidden=32)
    return fit.FitSettings((folder,), out, epochs=epochs, batch=32, threads=1, network=network)


def test_a_shard_gives_back_what_was_written(folder: Path) -> None:
    samples, projection = shards.read_shard(folder / "00000.npz")
    attempt = synthetic_attempt(7)
    np.testing.assert_array_equal(samples.images[7], shards.half_crop(attempt.frames[0].image_hwc))
    np.testing.assert_array_equal(samples.grasp_pose[7], attempt.grasp_pose)
    assert samples.success[7] == (attempt.outcome == Outcome.SUCCESS)
    np.testing.assert_array_equal(projection, PROJECTION)
    assert samples.tiny.all()


def test_a_cut_off_shard_is_named(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "00000.npz"
    broken.write_bytes((folder / "00000.npz").read_bytes()[:2000])
    with pytest.raises(DataError, match="collect again"):
        shards.read_shard(broken)


def test_no_attempt_is_both_trained_on_and_held_out(folder: Path) -> None:
    data = dataset.load([folder])
    assert len(data.train) + len(data.held_out) == len(data) == 600
    assert not set(data.train) & set(data.held_out)
    assert 20 < len(data.held_out) < 90


@pytest.mark.slow
def test_a_tiny_run_learns_and_resumes_exactly(folder: Path, tmp_path: Path) -> None:
    data = dataset.load([folder])
    whole = fit.Fit(settings(folder, tmp_path / "whole", 6), data)
    whole.run()
    assert whole.judge()["held_out_auc"] > 0.85

    class StopHereError(Exception):
        pass

    def stopped(run: fit.Fit) -> None:
        save = run.state.save

        def save_then_stop(metrics: dict[str, float]) -> None:
            save(metrics)
            if run.state.done == 3:
                raise StopHereError

        run.state.save = save_then_stop  # type: ignore[method-assign]
        with pytest.raises(StopHereError):
            run.run()

    stopped(fit.Fit(settings(folder, tmp_path / "parts", 6), data))
    resumed = fit.Fit(settings(folder, tmp_path / "parts", 6), data)
    resumed.run()
    for name, weight in whole.network.state_dict().items():
        torch.testing.assert_close(resumed.network.state_dict()[name], weight, atol=0, rtol=0)


@pytest.mark.slow
def test_an_exported_bundle_loads_and_a_changed_graph_does_not(
    folder: Path, tmp_path: Path
) -> None:
    run = fit.Fit(settings(folder, tmp_path / "run", 1), dataset.load([folder]))
    run.run()
    training = Training("test", "now", 1.0, {"fit": "1"}, {"synthetic": "600 attempts"})
    made = export.export(
        export.ExportSettings(tmp_path / "run/checkpoint.pt", tmp_path / "tiny", training, 32, 2)
    )
    assert made.manifest.cem.noise_shape == (2, 32, 3)
    assert set(made.manifest.action.learned) == set(GOAL.learned)
    metric = Metric("success_rate", 0.5, 10, (0.2, 0.8), "a test")
    export.add_metric(made.folder, metric)
    assert export.add_metric(made.folder, metric).manifest.training.metrics == (metric,)
    graph = tmp_path / "tiny" / bundle.GRAPH
    graph.write_bytes(graph.read_bytes()[:-1] + b"x")
    with pytest.raises(BundleError, match="sha256"):
        bundle.load(tmp_path / "tiny")


@pytest.mark.slow
def test_the_commands_run_end_to_end_at_toy_size(tmp_path: Path) -> None:
    data, run, model = tmp_path / "data", tmp_path / "run", tmp_path / "model"
    small = ["--attempts", "50", "--workers", "1"]
    assert main(["collect", "--out", str(data), *small]) == 0
    assert main(["fit", "--data", str(data), "--out", str(run), "--epochs", "1"]) == 0
    assert main(["export", "--checkpoint", str(run / "checkpoint.pt"), "--out", str(model)]) == 0
    assert bundle.load(model).manifest.training.data["data"].startswith("5")
    assert main(["expert", "--grasps", "2", "--workers", "1"]) == 0
    assert main(["fit", "--data", str(tmp_path / "none"), "--out", str(run)]) == 1
