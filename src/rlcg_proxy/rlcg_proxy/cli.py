# SPDX-License-Identifier: Apache-2.0
"""`rlcg-proxy`: log episodes in world real_proxy, measure policies in it; see --help."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rlcg_core.cell import ROBOT1
from rlcg_core.command_line import Add, commands_of, run_command
from rlcg_core.robots import ROBOTS
from rlcg_sim.description import find_urdf
from rlcg_train.cli_robot import add_robot

if TYPE_CHECKING:
    from rlcg_proxy.table import TableSettings

OTHER_ROBOT = (
    "These rows are of robot 2; the papers' numbers beside are of robot 1 where no row says "
    "otherwise."
)


def _log(args: argparse.Namespace) -> None:
    from rlcg_proxy.lab_log import LogSettings, fill_log

    robot = ROBOTS[args.robot]
    urdf, model = find_urdf(robot.cell.urdf), args.model
    rate = fill_log(
        LogSettings(args.out, urdf, args.episodes, args.first, args.workers, model, robot)
    )
    print(f"{args.out}: {100 * rate:.1f}% of the episodes logged now are successes")


def _measure(args: argparse.Namespace) -> None:
    from rlcg_proxy.measure import MeasureSettings, measure

    cell = ROBOTS[args.robot].cell
    measure(
        MeasureSettings(
            args.model,
            find_urdf(cell.urdf),
            args.grasps,
            args.seed,
            args.world,
            args.objects,
            args.workers,
            args.kept,
            cell,
        )
    )


def _plenty(args: argparse.Namespace) -> None:
    from rlcg_proxy.plenty import collect_plenty

    robot, checkpoint = ROBOTS[args.robot], str(args.checkpoint or "")
    collect_plenty(args.out, args.attempts, checkpoint, args.first, args.workers, robot)


def _pictures(args: argparse.Namespace) -> None:
    from rlcg_proxy.pictures import draw_pictures

    draw_pictures(args.out, find_urdf(ROBOT1.urdf))


def _table(args: argparse.Namespace) -> None:
    from rlcg_proxy.table import Table
    from rlcg_train.adapt.page import write_page

    settings = _table_settings(args)
    try:
        Table(settings).make()
    finally:
        page = settings.results.with_suffix(".md")
        note = OTHER_ROBOT if args.robot != "robot1" else ""
        write_page(settings.results, page, settings.scale, note)
        print(f"wrote {page}")


def _table_settings(args: argparse.Namespace) -> "TableSettings":
    from rlcg_proxy.table import TableSettings
    from rlcg_train.adapt.recipes import RECIPES
    from rlcg_train.adapt.scales import SMALL, SMOKE

    # The two robots' runs and rows lie apart: their numbers are never pooled.
    suffix = "" if args.robot == "robot1" else f"_{args.robot}"
    scale, kind = (SMOKE, "smoke") if args.smoke else (SMALL, "table")
    root = args.root or Path(f"runs/{kind}{suffix}")
    # Rows at toy size never come near the published ones.
    results = root / "results" if args.smoke else Path(f"docs/results{suffix}")
    return TableSettings(
        root,
        args.results or results,
        args.log or root / "real" / "log",
        replace(scale, own_attempts=args.own_attempts or scale.own_attempts),
        tuple(args.rows or (recipe.name for recipe in RECIPES)),
        args.seed,
        0 if args.smoke else args.workers,
        args.threads,
        tuple(args.worlds),
        ROBOTS[args.robot],
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rlcg-proxy", description=__doc__)
    add = commands_of(parser)
    _add_worlds(add)
    _add_table(add)
    return parser


def _add_worlds(add: Add) -> None:
    """Add the commands that show the world: its log, what is measured in it, its pictures."""
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
    text = "file of the outcomes, from which a measurement that was cut off goes on"
    measure.add_argument("--kept", type=Path, help=text)
    plenty = add(
        "plenty", _plenty, "collect shards that show the world can be learned; never for results"
    )
    plenty.add_argument("--out", type=Path, required=True, help="folder of the shards")
    plenty.add_argument("--attempts", type=int, default=4000, help="how many (default: 4000)")
    plenty.add_argument("--first", type=int, default=0, help="number of the first attempt")
    plenty.add_argument("--checkpoint", type=Path, help="collect on-policy with this network")
    pictures = add("pictures", _pictures, "draw a sheet of pictures of all worlds")
    pictures.add_argument("--out", type=Path, required=True, help="JPEG to write")
    for command in (log, measure, plenty):
        _add_common(command)


def _add_table(add: Add) -> None:
    table = add("table", _table, "make the table of the sim-to-real methods; resumes")
    table.add_argument("--root", type=Path, help="data and runs (default: runs/table)")
    table.add_argument("--log", type=Path, help="the lab's log (default: in --root)")
    text = "stored results, their page beside (default: docs/results; with --smoke in --root)"
    table.add_argument("--results", type=Path, help=text)
    table.add_argument("--rows", nargs="*", help="which rows (default: all)")
    text = "where to measure now (default: both); the rest is left for later"
    worlds = ["real_proxy", "sim"]
    table.add_argument("--worlds", nargs="+", choices=worlds, default=worlds, help=text)
    table.add_argument("--seed", type=int, default=1, help="of training and scenes (default: 1)")
    table.add_argument("--threads", type=int, default=1, help="of training (default: 1)")
    text = "every row's first policy acts in simulation for its last one, not one for all of a look"
    table.add_argument("--own-attempts", action="store_true", help=text)
    table.add_argument("--smoke", action="store_true", help="toy size: does it run?")
    _add_common(table)


def _add_common(command: argparse.ArgumentParser) -> None:
    """Add whose cell it is, and how many processes simulate."""
    add_robot(command)
    text = "processes, 0: in this one (default: 2)"
    command.add_argument("--workers", type=int, default=2, help=text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake gives one line and exit code 1."""
    return run_command(_parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
