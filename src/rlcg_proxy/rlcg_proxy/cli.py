# SPDX-License-Identifier: Apache-2.0
"""`rlcg-proxy`: log episodes in world real_proxy, measure policies in it; see --help."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rlcg_core.cell import ROBOT1
from rlcg_core.command_line import run_command
from rlcg_sim.description import find_urdf

Run = Callable[[argparse.Namespace], None]


def _log(args: argparse.Namespace) -> None:
    from rlcg_proxy.lab_log import LogSettings, fill_log

    urdf = find_urdf(ROBOT1.urdf)
    rate = fill_log(
        LogSettings(args.out, urdf, args.episodes, args.first, args.workers, args.model)
    )
    print(f"{args.out}: {100 * rate:.1f}% of the episodes logged now are successes")


def _measure(args: argparse.Namespace) -> None:
    from rlcg_proxy.measure import MeasureSettings, measure

    urdf = find_urdf(ROBOT1.urdf)
    measure(
        MeasureSettings(
            args.model, urdf, args.grasps, args.seed, args.world, args.objects, args.workers
        )
    )


def _plenty(args: argparse.Namespace) -> None:
    from rlcg_proxy.plenty import collect_plenty

    collect_plenty(args.out, args.attempts, str(args.checkpoint or ""), args.first, args.workers)


def _pictures(args: argparse.Namespace) -> None:
    from rlcg_proxy.pictures import draw_pictures

    draw_pictures(args.out, find_urdf(ROBOT1.urdf))


def _table(args: argparse.Namespace) -> None:
    from rlcg_proxy.table import Table, TableSettings
    from rlcg_train.adapt.page import write_page
    from rlcg_train.adapt.recipes import RECIPES
    from rlcg_train.adapt.scales import SMALL, SMOKE

    scale, root = (SMOKE, Path("runs/smoke")) if args.smoke else (SMALL, Path("runs/table"))
    root = args.root or root
    # Rows at toy size never come near the published ones.
    results = args.results or (root / "results" if args.smoke else Path("docs/results"))
    settings = TableSettings(
        root,
        results,
        args.log or root / "real" / "log",
        scale,
        tuple(args.rows or (recipe.name for recipe in RECIPES)),
        args.seed,
        0 if args.smoke else args.workers,
        args.threads,
    )
    try:
        Table(settings).make()
    finally:
        page = results.with_suffix(".md")
        write_page(results, page, scale)
        print(f"wrote {page}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rlcg-proxy", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    log = add("log", _log, "log episodes as a lab would, for training to read; resumes")
    log.add_argument("--out", type=Path, required=True, help="folder of the episodes")
    log.add_argument("--episodes", type=int, default=5000, help="how many (default: 5000)")
    log.add_argument("--first", type=int, default=0, help="number of the first episode")
    log.add_argument("--model", type=Path, help="bundle that acts instead of the lab's script")
    measure = add("measure", _measure, "closed-loop success of a bundle, without ROS")
    measure.add_argument("--model", type=Path, required=True, help="bundle to measure")
    measure.add_argument("--grasps", type=int, default=408, help="trials (default: 408)")
    measure.add_argument("--seed", type=int, default=1, help="seed of the scenes (default: 1)")
    measure.add_argument("--world", default="real_proxy", help="or a look of the simulator's")
    measure.add_argument("--objects", default="proxy_test", help="object set in the bin")
    plenty = add(
        "plenty", _plenty, "collect shards that show the world can be learned; never for results"
    )
    plenty.add_argument("--out", type=Path, required=True, help="folder of the shards")
    plenty.add_argument("--attempts", type=int, default=4000, help="how many (default: 4000)")
    plenty.add_argument("--first", type=int, default=0, help="number of the first attempt")
    plenty.add_argument("--checkpoint", type=Path, help="collect on-policy with this network")
    pictures = add("pictures", _pictures, "draw a sheet of pictures of all worlds")
    pictures.add_argument("--out", type=Path, required=True, help="JPEG to write")
    table = add("table", _table, "make the table of the sim-to-real methods; resumes")
    table.add_argument("--root", type=Path, help="data and runs (default: runs/table)")
    table.add_argument("--log", type=Path, help="the lab's log (default: in --root)")
    text = "stored results, their page beside (default: docs/results; with --smoke in --root)"
    table.add_argument("--results", type=Path, help=text)
    table.add_argument("--rows", nargs="*", help="which rows (default: all)")
    table.add_argument("--seed", type=int, default=1, help="of training and scenes (default: 1)")
    table.add_argument("--threads", type=int, default=1, help="of training (default: 1)")
    table.add_argument("--smoke", action="store_true", help="toy size: does it run?")
    for command in (log, measure, plenty, table):
        text = "processes, 0: in this one (default: 2)"
        command.add_argument("--workers", type=int, default=2, help=text)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake gives one line and exit code 1."""
    return run_command(_parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
