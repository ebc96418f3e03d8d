# SPDX-License-Identifier: Apache-2.0
"""docs/results.md out of stored results: rates with intervals, papers beside, what differs."""

from collections.abc import Mapping
from pathlib import Path

from rlcg_train.adapt import chart
from rlcg_train.adapt.differences import square
from rlcg_train.adapt.generator_plans import plan
from rlcg_train.adapt.needs import expected_s
from rlcg_train.adapt.recipes import RECIPES, SECTIONS, Recipe
from rlcg_train.adapt.results import Result, read_all
from rlcg_train.adapt.scales import Scale
from rlcg_train.adapt.verdicts import verdicts

Results = Mapping[tuple[str, str], Result]
REAL, SIM = "real_proxy", "sim"
NOT_YET, CHART = "not yet trained", "chart.png"

HEAD = """# Results: from simulation to `real_proxy`

Made by `make table` out of the files in `docs/results`; do not edit. `real_proxy` is a simulated \
world with another look, other objects and a worse camera ([sim-to-real.md](sim-to-real.md)); \
no number here is from a physical robot. Every row has the same policy, the grasp-success \
predictor with goals by CEM and the rule of the grasp, and differs in what it learned from. The \
papers' numbers are grasps of their own robots by QT-Opt: compare the order, not the size. A time \
of "about" is what rows like that one took.
"""


def page(results: Results, scale: Scale, pictures: Path, note: str = "") -> str:
    """Return the page; ``pictures``: folder of a grid for each generator, beside the results.

    ``note`` stands below its head.
    """
    parts = [HEAD, *([f"{note}\n"] if note else [])]
    if any(result.toy for result in results.values()):
        parts.append("**Toy size: these rows show that the code runs and nothing else.**\n")
    if any(world == REAL for _, world in results):
        parts.append(f"![rates in real_proxy]({pictures.parent.name}/{CHART})\n")
    parts += ["## What was asked\n", _verdicts(results), ""]
    for section in SECTIONS:
        parts += [f"## {section}\n", _table(section, results, scale), ""]
    parts += [
        "## What differs\n",
        square(list(_by_row(results).values())) or f"{NOT_YET.capitalize()}.",
        "",
    ]
    parts += ["## Do generators keep things in their place?\n", _agreements(results), ""]
    shown = sorted(pictures.glob("*.png"))
    if shown:
        place = f"{pictures.parent.name}/{pictures.name}"
        parts.append("## Pictures\n")
        parts += [f"{p.stem}:\n\n![{p.stem}]({place}/{p.name})\n" for p in shown]
    return "\n".join(parts).rstrip() + "\n"


def write_page(results: Path, out: Path, scale: Scale, note: str = "") -> None:
    """Write the page of all stored results as ``out``, its chart beside the results.

    ``note`` stands below the page's head.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    stored = read_all(results)
    out.write_text(page(stored, scale, results / "pictures", note))
    if drawn := chart.png(_by_row(stored)):
        (results / CHART).write_bytes(drawn)


def _by_row(results: Results) -> dict[str, Result]:
    return {name: result for (name, world), result in results.items() if world == REAL}


def _verdicts(results: Results) -> str:
    lines = ["| asked, in `real_proxy` | found | |", "|---|---|---|"]
    lines += [
        f"| {one.asked} | {one.found} | {one.verdict} |" for one in verdicts(_by_row(results))
    ]
    return "\n".join(lines)


def _table(section: str, results: Results, scale: Scale) -> str:
    lines = [
        "| method | real episodes | `real_proxy` | `sim` | paper | training | hardware |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = [recipe for recipe in RECIPES if recipe.section == section]
    return "\n".join([*lines, *(_row(recipe, results, scale) for recipe in rows)])


def _row(recipe: Recipe, results: Results, scale: Scale) -> str:
    real, sim = results.get((recipe.name, REAL)), results.get((recipe.name, SIM))
    paper = recipe.paper or "-"
    if real is None:
        needs = f"{NOT_YET}: `rlcg-proxy table --rows {recipe.name}`"
        takes_s = expected_s(recipe, _by_row(results))
        time = "-" if takes_s is None else f"about {max(1, round(takes_s / 60))} min"
        wanted = _wanted(recipe, scale)
        return f"| {recipe.title} | {wanted} | {needs} | - | {paper} | {time} | - |"
    minutes = f"{real.train_s / 60:.0f} min"
    if real.generator_s:
        minutes += f", {real.generator_s / 60:.0f} of it the generator"
    in_sim = _rate(sim) if sim is not None else "not yet measured"
    cells = (recipe.title, real.real_episodes, _rate(real), in_sim, paper, minutes, real.hardware)
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _wanted(recipe: Recipe, scale: Scale) -> str:
    if recipe.amount is not None:
        return str(scale.amounts[recipe.amount])
    sees_real = bool(recipe.generator) and plan(recipe.generator).sees_real
    return str(scale.amounts[-1]) if sees_real else "0"


def _rate(result: Result) -> str:
    low, high = result.interval
    found = f"{result.successes}/{result.trials} = {100 * result.rate:.1f}%"
    return f"{found} ({100 * low:.1f}-{100 * high:.1f})"


def _agreements(results: Results) -> str:
    # Rows that share a generator have the same agreement.
    of = {row.name: row.generator for row in RECIPES}
    by_row = _by_row(results).items()
    found = {of.get(name, name): one.agreement for name, one in by_row if one.agreement}
    if not found:
        return f"{NOT_YET.capitalize()}."
    names = sorted({name for agreement in found.values() for name in agreement})
    head = f"| generator | {' | '.join(names)} |\n|---|{'---|' * len(names)}"
    rows = [
        f"| `{name}` | " + " | ".join(f"{agreement.get(n, 0.0):.2f}" for n in names) + " |"
        for name, agreement in found.items()
    ]
    text = (
        "Intersection over union with the true mask of x, of what a network that has learned masks "
        "in many looks finds in x and in G(x), on frames that were held out "
        "(`rlcg_train/adapt/agreement.py`):\n"
    )
    return "\n".join([text, head, *rows])
