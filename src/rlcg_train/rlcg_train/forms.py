# SPDX-License-Identifier: Apache-2.0
"""The deadline graphs of a bundle: the same network, for smaller searches.

Each is stored without the weights that ``policy.onnx`` has, and proven joined with it.
"""

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import onnx

from rlcg_core import bundle
from rlcg_core.bundle import Bundle
from rlcg_core.cem import CemSettings
from rlcg_core.manifest import GraphForm
from rlcg_train import checkpoints
from rlcg_train.cem_module import CemModule
from rlcg_train.exact_form import exported_scorer
from rlcg_train.export import example, proven_outputs, write_graph
from rlcg_train.profiles import Profile
from rlcg_train.shared_weights import join, strip

BUDGETS = ((2, 32), (1, 32))
PROOFS = 2


def smaller_budgets(cem: CemSettings) -> list[tuple[int, int]]:
    """Return the (iterations, samples) of deadline graphs that are smaller than the full search."""
    full = cem.iterations * cem.samples
    return [b for b in BUDGETS if b[0] * b[1] < full and b[0] <= cem.iterations]


def file_name(prefix: str, budget: tuple[int, int]) -> str:
    """Return the file of a deadline graph; ``prefix`` is its full graph's name without ending."""
    return f"{prefix}_{budget[0]}x{budget[1]}.onnx"


def add_forms(found: Bundle, checkpoint: Path) -> Bundle:
    """Write the float32 deadline graphs of a bundle and return it with them.

    Raises `BundleError` where a graph, the bundle's own or a new one joined with it, differs from
    the checkpoint's network.
    """
    profile, network = checkpoints.load(checkpoint)
    scorer = exported_scorer(profile, network)[0]
    full = CemModule(scorer, found.manifest.cem).eval()
    proven_outputs(full, found.graph_bytes, example(profile, full, 0))
    donor = onnx.load_model_from_string(found.graph_bytes)
    made: dict[GraphForm, bytes] = {}
    for budget in smaller_budgets(found.manifest.cem):
        module = CemModule(scorer, profile.cem(budget[1], budget[0])).eval()
        form = GraphForm(file_name("policy", budget), "float32", *budget, weights_from=bundle.GRAPH)
        made[form] = _stored_graph(profile, module, donor)
    return replace_forms(found, made)


def _stored_graph(profile: Profile, module: CemModule, donor: onnx.ModelProto) -> bytes:
    """Return a module's graph without the donor's weights, after the proof of it with them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / bundle.GRAPH
        write_graph(profile, module, path)
        stripped = strip(onnx.load(str(path)), donor)
    joined = join(stripped, donor).SerializeToString()
    for case in range(PROOFS):
        proven_outputs(module, joined, example(profile, module, case))
    return bytes(stripped.SerializeToString())


def replace_forms(found: Bundle, made: dict[GraphForm, bytes]) -> Bundle:
    """Write graphs into a bundle, each in the place of the one of its precision and budget."""
    for form, contents in made.items():
        (found.folder / form.file).write_bytes(contents)
    graphs = (found.manifest.graphs[0], *_others(found.manifest.graphs[1:], made))
    return bundle.write(found.folder, replace(found.manifest, graphs=graphs), found.golden)


def _others(old: Iterable[GraphForm], made: Iterable[GraphForm]) -> list[GraphForm]:
    by_key = {(form.precision, form.budget): form for form in (*old, *made)}
    return sorted(
        by_key.values(), key=lambda f: (f.precision != "float32", -f.iterations * f.samples)
    )
