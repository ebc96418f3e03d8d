# SPDX-License-Identifier: Apache-2.0
"""`rlcg-train`: from attempts to a network, and from a network to a bundle; see --help."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rlcg_core.base_pose import PLACES
from rlcg_core.command_line import run_command
from rlcg_core.robots import ROBOTS
from rlcg_sim.description import find_urdf
from rlcg_sim.looks.built_in import LOOKS
from rlcg_sim.makers import BuiltInWorlds
from rlcg_sim.objects import OBJECT_SETS
from rlcg_train import cli_adapt, cli_bundle, cli_qt_opt
from rlcg_train.cli_bundle import Command
from rlcg_train.cli_compute import add_compute
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


def _fit(args: argparse.Namespace) -> None:
    from rlcg_train import dataset
    from rlcg_train.device import computing
    from rlcg_train.fit import Fit, FitSettings
    from rlcg_train.profiles import GOALS

    settings = FitSettings(
        tuple(args.data),
        args.out,
        epochs=args.epochs,
        seed=args.seed,
        threads=args.threads,
        init=args.init,
        profile=GOALS[args.robot].name,
    )
    with computing(args.device, args.precision) as compute:
        Fit(settings, dataset.load(list(settings.data)), compute).run()


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


def _distil(args: argparse.Namespace) -> None:
    from rlcg_train import dataset
    from rlcg_train.distil import Distillation, DistilSettings

    settings = DistilSettings(
        args.teacher, tuple(args.data), args.out, args.steps, seed=args.seed, threads=args.threads
    )
    Distillation(settings, dataset.load(list(settings.data))).run()


def _household(args: argparse.Namespace) -> None:
    from rlcg_train.household_sheet import write_sheet

    write_sheet(args.out)


def _fresh(args: argparse.Namespace) -> None:
    from rlcg_train.checkpoints import init_qt_opt

    init_qt_opt(args.out, args.seed)
    print(f"wrote {args.out}: QT-Opt's network at paper size, untrained, to measure speed with")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rlcg-train", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    expert = add("expert", _expert, "measure the scripted expert: the simulator's ceiling")
    expert.add_argument("--seed", type=int, default=1, help="seed of the scenes (default: 1)")
    collect = add("collect", _collect, "collect grasp attempts into shards; resumes")
    collect.add_argument("--out", type=Path, required=True, help="folder of the shards")
    collect.add_argument("--attempts", type=int, default=2500, help="how many (default: 2500)")
    collect.add_argument("--first", type=int, default=0, help="number of the first attempt")
    collect.add_argument("--checkpoint", type=Path, help="collect on-policy with this network")
    shards = add("shards", _shards, "make shards out of logged episodes; resumes")
    shards.add_argument("--episodes", type=Path, nargs="+", required=True, help="their folders")
    shards.add_argument("--out", type=Path, required=True, help="folder of the shards")
    fit = add("fit", _fit, "train the grasp-success predictor; resumes")
    fit.add_argument("--data", type=Path, nargs="+", required=True, help="folders of shards")
    fit.add_argument("--out", type=Path, required=True, help="folder of checkpoint and metrics")
    fit.add_argument("--epochs", type=int, default=8, help="passes over the data (default: 8)")
    fit.add_argument("--seed", type=int, default=1, help="seed of weights and order (default: 1)")
    fit.add_argument("--init", type=Path, help="checkpoint whose weights to begin with")
    fit.add_argument("--threads", type=int, default=2, help="processor threads (default: 2)")
    add_compute(fit)
    distil = add("distil", _distil, "teach QT-Opt's network quickly, to measure on; resumes")
    distil.add_argument("--teacher", type=Path, required=True, help="checkpoint of profile goal")
    distil.add_argument("--data", type=Path, nargs="+", required=True, help="folders of shards")
    distil.add_argument("--out", type=Path, required=True, help="folder of checkpoint and metrics")
    distil.add_argument("--steps", type=int, default=250, help="steps of 64 actions (default: 250)")
    distil.add_argument("--seed", type=int, default=1, help="seed of all draws (default: 1)")
    distil.add_argument("--threads", type=int, default=2, help="processor threads (default: 2)")
    measure = add("measure", _measure, "closed-loop success without ROS, on validation scenes")
    measure.add_argument("--checkpoint", type=Path, required=True, help="network to measure")
    measure.add_argument("--first", type=int, default=0, help="number of the first scene")
    measure.add_argument("--seed", type=int, help="scenes of evaluations with this seed instead")
    measure.add_argument("--renderer", default="auto", help="auto, egl or tiny (default: auto)")
    for command, split in ((expert, "test"), (collect, "training"), (measure, "training")):
        command.add_argument(
            "--objects", choices=OBJECT_SETS, help=f"object set (default: the robot's for {split})"
        )
        command.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    for command in (collect, measure):
        command.add_argument("--world", default="sim", choices=LOOKS, help="look of the cell")
    for command in (expert, collect, fit, measure):
        add_robot(command)
    for command in (expert, measure):
        command.add_argument(
            "--place", default="", choices=("", *PLACES), help="of a mobile base (default: any)"
        )
        command.add_argument("--grasps", type=int, default=200, help="attempts (default: 200)")
    fresh = add("fresh", _fresh, "write an untrained network of QT-Opt's size, to measure speed")
    fresh.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    fresh.add_argument("--seed", type=int, default=1, help="seed of the weights (default: 1)")
    household = add("household", _household, "draw a sheet of all household shapes")
    household.add_argument("--out", type=Path, required=True, help="the JPEG to write")
    cli_bundle.add_commands(add)
    cli_qt_opt.add_commands(add)
    cli_adapt.add_commands(add)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake gives one line and exit code 1."""
    return run_command(_parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
