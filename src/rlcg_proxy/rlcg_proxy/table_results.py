# SPDX-License-Identifier: Apache-2.0
"""Measures a row's policy in one world and stores what came of it."""

import shutil
from pathlib import Path

from rlcg_proxy.measure import MeasureSettings, measure
from rlcg_proxy.tally import letter
from rlcg_proxy.worlds import REAL_PROXY
from rlcg_train.adapt import results
from rlcg_train.adapt.agreement import agreement
from rlcg_train.adapt.domain_files import load
from rlcg_train.adapt.files import load_generator
from rlcg_train.adapt.recipes import Recipe, plan
from rlcg_train.adapt.results import Result
from rlcg_train.adapt.run import CHECKPOINT
from rlcg_train.adapt.scales import SMALL
from rlcg_train.adapt.workshop import Workshop
from rlcg_train.export import current_commit
from rlcg_train.run_folder import read_state

RCAN = "rcan"


def measure_row(shop: Workshop, row: Recipe, asked: MeasureSettings, folder: Path) -> None:
    """Measure a row's bundle as asked and store the result in a folder."""
    outcomes = "".join(map(letter, measure(asked)))
    generator_s = read_state(shop.generator(row.generator)).seconds if row.generator else 0.0
    policies_s = sum(read_state(shop.policy(row.name, number)).seconds for number in (0, 1))
    found = Result(
        row.name,
        asked.look,
        f"{asked.objects}, seed {asked.seed}, a new scene for each grasp",
        outcomes,
        shop.real_episodes(row),
        generator_s + policies_s,
        generator_s,
        results.hardware(shop.threads, shop.compute),
        current_commit(),
        shop.scale != SMALL,
        _agreement(shop, row) if asked.look == REAL_PROXY else {},
    )
    results.write(folder, found)
    _keep_pictures(shop, row, folder)


def _keep_pictures(shop: Workshop, row: Recipe, folder: Path) -> None:
    """Keep the last pictures of the row's generator beside the results."""
    last = sorted((shop.generator(row.generator) / "pictures").glob("*.png"))[-1:]
    for path in last if row.generator else []:
        kept = folder / "pictures" / f"{row.generator}.png"
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, kept)


def _agreement(shop: Workshop, row: Recipe) -> dict[str, float]:
    """Return how a row's generator keeps things in place, where RCAN's can judge it."""
    finder = shop.generator(RCAN) / CHECKPOINT
    if not row.generator or plan(row.generator).method == RCAN or not finder.exists():
        return {}
    generator = load_generator(shop.generator(row.generator) / CHECKPOINT)
    found = agreement(
        generator, load_generator(finder), load([shop.look("sim")], shop.scale.side_px)
    )
    return {
        f"{part}, {kind}": value
        for part, both in found.items()
        for kind, value in (("x", both.in_x), ("G(x)", both.in_made))
    }
