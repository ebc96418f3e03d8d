# SPDX-License-Identifier: Apache-2.0
"""Give a bundle int8 forms, calibrated on recorded frames and judged on others."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from rlcg_core import bundle
from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError
from rlcg_core.golden import pattern_noise
from rlcg_core.manifest import GraphForm
from rlcg_train import frames, quantized
from rlcg_train.forms import file_name, replace_forms, smaller_budgets
from rlcg_train.judge import Judge, complete_graph, row
from rlcg_train.seen_frame import SeenFrame, graph_inputs
from rlcg_train.shared_weights import join_bytes, strip

INT8_GRAPH = "policy_int8.onnx"
CALIBRATION_FRAMES = 32
JUDGING_FRAMES = 16
SEED = 1


def quantize(model: Path, episodes: Sequence[Sequence[SeenFrame]], source: str) -> Bundle:
    """Write the int8 forms of a bundle, print their regret and return the bundle with them.

    Without stored frames in the bundle, the last quarter of the episodes, at least one, is held
    out and stored. Nothing is written before all graphs are made. Raises `BundleError` for
    too few episodes and for a graph that cannot be quantised.
    """
    found = bundle.load(model)
    calibrating, judging = _shares(found, [list(episode) for episode in episodes if episode])
    made = _graphs(found, calibrating)
    if judging:
        found = frames.store(found, judging, source, SEED)
    judge = Judge(found)
    judged = _judged(judge, made)
    _print_table(found, judge, judged)
    return replace_forms(found, judged)


def _judged(judge: Judge, made: dict[GraphForm, bytes]) -> dict[GraphForm, bytes]:
    """Return the forms with their regret; graphs are as they are stored."""
    by_file = {form.file: contents for form, contents in made.items()}
    judged: dict[GraphForm, bytes] = {}
    for form, contents in made.items():
        shares = form.weights_from
        whole = join_bytes(contents, by_file[shares]) if shares else contents
        judged[judge.judged(form, whole)] = contents
    return judged


def _shares(
    found: Bundle, episodes: list[list[SeenFrame]]
) -> tuple[list[SeenFrame], list[SeenFrame]]:
    """Return frames to calibrate on and frames to store, none of the latter if there are some."""
    held_out = 0 if found.frames else max(1, len(episodes) // 4)
    if len(episodes) <= held_out:
        raise BundleError(
            f"{len(episodes)} recorded episodes hold frames, expected at least {held_out + 1}: "
            f"{'one' if held_out else 'none'} is held out to judge by; record more"
        )
    split = len(episodes) - held_out
    calibrating = [frame for episode in episodes[:split] for frame in episode]
    judging = [frame for episode in episodes[split:] for frame in episode]
    return _spread(calibrating, CALIBRATION_FRAMES), _spread(judging, JUDGING_FRAMES)


def _spread(all_frames: list[SeenFrame], count: int) -> list[SeenFrame]:
    """Return at most ``count`` frames, evenly spread."""
    if len(all_frames) <= count:
        return all_frames
    return [all_frames[k] for k in np.linspace(0, len(all_frames) - 1, count).astype(int)]


def _graphs(found: Bundle, calibrating: list[SeenFrame]) -> dict[GraphForm, bytes]:
    """Return the int8 forms as they are stored, the full search first."""
    manifest = found.manifest
    full, prepared = manifest.graphs[0], quantized.prepare(found.graph_bytes)
    inputs = (
        graph_inputs(manifest, frame, pattern_noise(k + 1, manifest.cem.noise_shape))
        for k, frame in enumerate(tqdm(calibrating, desc="calibrating", unit="frame"))
    )
    ranges = quantized.measure_ranges(prepared, inputs)
    donor = quantized.quantise(prepared, ranges)
    made = {GraphForm(INT8_GRAPH, "int8", *full.budget): donor.SerializeToString()}
    for form in _deadline_forms(found):
        whole = quantized.quantise(quantized.prepare(complete_graph(found, form)), ranges)
        name = file_name(Path(INT8_GRAPH).stem, form.budget)
        stored = strip(whole, donor).SerializeToString()
        made[GraphForm(name, "int8", *form.budget, weights_from=INT8_GRAPH)] = stored
    return made


def _deadline_forms(found: Bundle) -> list[GraphForm]:
    budgets = smaller_budgets(found.manifest.cem)
    graphs = found.manifest.graphs
    return [form for form in graphs if form.precision == "float32" and form.budget in budgets]


def _print_table(found: Bundle, judge: Judge, judged: dict[GraphForm, bytes]) -> None:
    """Print the regret of the int8 forms, and of float32's smaller searches beside it."""
    for form in _deadline_forms(found):
        print(row(form, judge.regret(form, complete_graph(found, form))))
    for form in judged:
        assert form.regret is not None
        print(row(form, form.regret))
    # A smaller search costs regret in float32 too; the precision is judged by the full one.
    full = next(iter(judged)).regret
    if full is not None and full.complaint:
        print(f"int8 MUST NOT SERVE this network, no server will choose it: {full.complaint}")
