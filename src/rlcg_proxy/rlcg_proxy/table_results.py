# SPDX-License-Identifier: Apache-2.0
"""Measures a row's policy in one world and stores what came of it."""

import shutil
from dataclasses import replace
from pathlib import Path

from rlcg_proxy.measure import MeasureSettings, measure
from rlcg_proxy.tally import letter
from rlcg_proxy.worlds import REAL_PROXY
from rlcg_train.adapt import results
from rlcg_train.adapt.agreement import agreement
from rlcg_train.adapt.domain_files import load
from rlcg_train.adapt.files import load_generator
from rlcg_train.adapt.recipes import Recipe
from rlcg_train.adapt.results import Result
from rlcg_train.adapt.run import CHECKPOINT
from rlcg_train.adapt.scales import SMALL
from rlcg_train.adapt.workshop import Workshop
from rlcg_train.export import current_commit
from rlcg_train.run_folder import read_state

FINDER = "finder"


def measure_row(shop: Workshop, row: Recipe, asked: MeasureSettings, folder: Path) -> None:
    """Measure a row's bundle as asked and store the result in a folder."""
    outcomes = "".join(map(letter, measure(asked)))
    generator_s = read_state(shop.generator(row.generator)).seconds if row.generator else 0.0
    policies = (shop.policy(row.name, number) for number in (0, 1))
    policies_s = sum(read_state(folder).seconds for folder in policies if folder.exists())
    found = Result(
        row.name,
        asked.look,
        _protocol(shop, asked),
        outcomes,
        shop.stock.real_episodes(row),
        generator_s + policies_s,
        generator_s,
        results.hardware(shop.threads, shop.compute),
        current_commit(),
        replace(shop.scale, own_attempts=SMALL.own_attempts) != SMALL,
        _agreement(shop, row) if asked.look == REAL_PROXY else {},
    )
    results.write(folder, found)
    _keep_pictures(shop, row, folder)


def judge_again(shop: Workshop, row: Recipe, folder: Path) -> None:
    """Add to a stored result how its generator keeps things in place, once the finder can judge."""
    stored = results.find(folder, row.name, REAL_PROXY)
    if stored is None or stored.agreement:
        return
    if found := _agreement(shop, row):
        results.write(folder, replace(stored, agreement=found))


def _protocol(shop: Workshop, asked: MeasureSettings) -> str:
    own = ", each row's own attempts" if shop.scale.own_attempts else ""
    return f"{asked.objects}, seed {asked.seed}, a new scene for each grasp{own}"


def _keep_pictures(shop: Workshop, row: Recipe, folder: Path) -> None:
    """Keep the last pictures of the row's generator beside the results."""
    last = sorted((shop.generator(row.generator) / "pictures").glob("*.png"))[-1:]
    for path in last if row.generator else []:
        kept = folder / "pictures" / f"{row.generator}.png"
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, kept)


def _agreement(shop: Workshop, row: Recipe) -> dict[str, float]:
    """Return how a row's generator keeps things in place, where the finder can judge it."""
    if not row.generator:
        return {}
    finder, judged = (shop.generator(name) for name in (FINDER, row.generator))
    if not all(_finished(folder) for folder in (finder, judged)):
        return {}
    generator = load_generator(judged / CHECKPOINT)
    found = agreement(
        generator,
        load_generator(finder / CHECKPOINT),
        load([shop.stock.look(row.look)], shop.scale.side_px),
    )
    return {
        f"{part}, {kind}": value
        for part, both in found.items()
        for kind, value in (("x", both.in_x), ("G(x)", both.in_made))
    }


def _finished(run: Path) -> bool:
    return (run / CHECKPOINT).exists() and read_state(run).state == "finished"
