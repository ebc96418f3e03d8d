# SPDX-License-Identifier: Apache-2.0
"""`rlcg-train`: from attempts to a network, and from a network to a bundle; see --help."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rlcg_core.base_pose import PLACES
from rlcg_core.command_line import Add, commands_of, run_command
from rlcg_core.robots import ROBOTS
from rlcg_sim.description import find_urdf
from rlcg_sim.looks.built_in import LOOKS
from rlcg_sim.makers import BuiltInWorlds
from rlcg_sim.objects import OBJECT_SETS
from rlcg_train import cli_adapt, cli_bundle, cli_networks, cli_qt_opt
from rlcg_train.cli_robot import add_robot


def _expert(args: argparse.Namespace) -> None:
    from rlcg_train.trial import TrialSettings, measure

    robot = ROBOTS[args.robot]
    measure(
        TrialSettings(
            find_urdf(robot.cell.urdf),
            grasps=args.grasps,
            objects=args.objects or robot.test_objects,
            evaluation_seed=args.seed,
            workers=args.workers,
            rule=robot.rule,
            open_world=BuiltInWorlds(cell=robot.cell),
            place=args.place,
        )
    )


def _collect(args: argparse.Namespace) -> None:
    from rlcg_train.collect import CollectSettings, collect

    robot = ROBOTS[args.robot]
    collect(
        CollectSettings(
            args.out,
            find_urdf(robot.cell.urdf),
            attempts=args.attempts,
            first=args.first,
            objects=args.objects or robot.train_objects,
            workers=args.workers,
            checkpoint=str(args.checkpoint or ""),
            rule=robot.rule,
            open_world=BuiltInWorlds(args.world, robot.cell),
        )
    )


def _shards(args: argparse.Namespace) -> None:
    from rlcg_train.from_logs import make_shards

    for name, reason in make_shards(list(args.episodes), args.out).items():
        print(f"left out {name}: {reason}")


def _measure(args: argparse.Namespace) -> None:
    from rlcg_train import checkpoints
    from rlcg_train.profiles import REACH, STEP
    from rlcg_train.trial import TrialSettings, measure

    if checkpoints.load(args.checkpoint)[0] in (REACH, STEP):
        cli_qt_opt.measure(args)
        return
    robot = ROBOTS[args.robot]
    measure(
        TrialSettings(
            find_urdf(robot.cell.urdf),
            checkpoint=str(args.checkpoint),
            grasps=args.grasps,
            first=args.first,
            objects=args.objects or robot.train_objects,
            renderer=args.renderer,
            evaluation_seed=args.seed,
            workers=args.workers,
            rule=robot.rule,
            open_world=BuiltInWorlds(args.world, robot.cell),
            place=args.place,
        )
    )


def _household(args: argparse.Namespace) -> None:
    from rlcg_train.household_sheet import write_sheet

    write_sheet(args.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rlcg-train", description=__doc__)
    add = commands_of(parser)
    expert = add("expert", _expert, "measure the scripted expert: the simulator's ceiling")
    expert.add_argument("--seed", type=int, default=1, help="seed of the scenes (default: 1)")
    _add_trials(expert, "test")
    _add_collect(add)
    _add_measure(add)
    shards = add("shards", _shards, "make shards out of logged episodes; resumes")
    shards.add_argument("--episodes", type=Path, nargs="+", required=True, help="their folders")
    shards.add_argument("--out", type=Path, required=True, help="folder of the shards")
    household = add("household", _household, "draw a sheet of all household shapes")
    household.add_argument("--out", type=Path, required=True, help="the JPEG to write")
    for group in (cli_networks, cli_bundle, cli_qt_opt, cli_adapt):
        group.add_commands(add)
    return parser


def _add_collect(add: Add) -> None:
    collect = add("collect", _collect, "collect grasp attempts into shards; resumes")
    collect.add_argument("--out", type=Path, required=True, help="folder of the shards")
    collect.add_argument("--attempts", type=int, default=2500, help="how many (default: 2500)")
    collect.add_argument("--first", type=int, default=0, help="number of the first attempt")
    collect.add_argument("--checkpoint", type=Path, help="collect on-policy with this network")
    collect.add_argument("--world", default="sim", choices=LOOKS, help="look of the cell")
    _add_attempts(collect, "training")


def _add_measure(add: Add) -> None:
    measure = add("measure", _measure, "closed-loop success without ROS, on validation scenes")
    measure.add_argument("--checkpoint", type=Path, required=True, help="network to measure")
    measure.add_argument("--first", type=int, default=0, help="number of the first scene")
    measure.add_argument("--seed", type=int, help="scenes of evaluations with this seed instead")
    measure.add_argument("--renderer", default="auto", help="auto, egl or tiny (default: auto)")
    measure.add_argument("--world", default="sim", choices=LOOKS, help="look of the cell")
    _add_trials(measure, "training")


def _add_trials(command: argparse.ArgumentParser, split: str) -> None:
    """Add what measurements have in common."""
    _add_attempts(command, split)
    places, text = ("", *PLACES), "of a mobile base (default: any)"
    command.add_argument("--place", default="", choices=places, help=text)
    command.add_argument("--grasps", type=int, default=200, help="attempts (default: 200)")


def _add_attempts(command: argparse.ArgumentParser, split: str) -> None:
    """Add what all attempts in simulation have in common."""
    text = f"object set (default: the robot's for {split})"
    command.add_argument("--objects", choices=OBJECT_SETS, help=text)
    command.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    add_robot(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake gives one line and exit code 1."""
    return run_command(_parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
