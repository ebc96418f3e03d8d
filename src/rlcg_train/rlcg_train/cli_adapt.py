# SPDX-License-Identifier: Apache-2.0
"""Commands of `rlcg-train` for the sim-to-real methods: pairs, generators, policies, the page."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rlcg_core.command_line import Add
from rlcg_core.robots import ROBOTS
from rlcg_sim.description import find_urdf
from rlcg_sim.looks.built_in import LOOKS
from rlcg_train.cli_compute import add_compute
from rlcg_train.cli_robot import add_robot

if TYPE_CHECKING:
    from rlcg_train.adapt.workshop import Workshop
    from rlcg_train.device import Compute


def _pairs(args: argparse.Namespace) -> None:
    from rlcg_train.adapt.pair_collection import PairSettings, collect_pairs

    robot = ROBOTS[args.robot]
    collect_pairs(
        PairSettings(
            args.out,
            find_urdf(robot.cell.urdf),
            args.world,
            args.attempts,
            workers=args.workers,
            objects=robot.train_objects,
            rule=robot.rule,
            cell=robot.cell,
        )
    )


def _log_replay(args: argparse.Namespace) -> None:
    from rlcg_train.adapt.logged_replay import take_in

    for name, reason in take_in(args.episodes, args.store / args.source, args.side).items():
        print(f"left out {name}: {reason}")


def _workshop(args: argparse.Namespace, compute: "Compute") -> "Workshop":
    from rlcg_train.adapt.scales import SMALL, SMOKE
    from rlcg_train.adapt.workshop import Workshop
    from rlcg_train.profiles import GOALS

    scale, profile = SMOKE if args.toy else SMALL, GOALS[args.robot].name
    return Workshop(args.root, scale, args.seed, args.threads, compute, profile)


def _generator(args: argparse.Namespace) -> None:
    from rlcg_train.adapt.generator_plans import plan
    from rlcg_train.device import computing

    with computing(args.device, args.precision) as compute:
        _workshop(args, compute).train_generator(plan(args.name))


def _policy(args: argparse.Namespace) -> None:
    from rlcg_train.adapt.recipes import recipe
    from rlcg_train.device import computing

    with computing(args.device, args.precision) as compute:
        _workshop(args, compute).train_policy(recipe(args.row), args.round, args.more)


def _agreement(args: argparse.Namespace) -> None:
    from rlcg_train.adapt import domain_files
    from rlcg_train.adapt.agreement import agreement
    from rlcg_train.adapt.files import load_generator

    made, finder = load_generator(args.generator), load_generator(args.finder)
    data = domain_files.load([args.data], made.settings.side_px)
    for name, found in agreement(made, finder, data).items():
        print(f"{name}: IoU {found.in_made:.3f} in G(x), {found.in_x:.3f} in x")


def _ranking(args: argparse.Namespace) -> None:
    from rlcg_core.errors import DataError
    from rlcg_train import checkpoints
    from rlcg_train.adapt import domain_files
    from rlcg_train.adapt.files import load_generator
    from rlcg_train.adapt.goal_task import GoalTask
    from rlcg_train.adapt.ranking import ranking
    from rlcg_train.network import GraspNetwork

    network = checkpoints.load(args.policy)[1]
    if not isinstance(network, GraspNetwork):
        raise DataError(f"{args.policy} is no grasp-success predictor: give one")
    data = domain_files.load([args.data], network.settings.picture_px)
    generator = load_generator(args.generator) if args.generator else None
    print(ranking(GoalTask.of(network), data, generator))


def _regrasps(args: argparse.Namespace) -> None:
    from rlcg_train import episodes, logged
    from rlcg_train.regrasps import regrasps

    print(regrasps(logged.read(folder) for folder in episodes.find(args.episodes)))


def _page(args: argparse.Namespace) -> None:
    from rlcg_train.adapt.page import write_page
    from rlcg_train.adapt.scales import SMALL

    write_page(args.results, args.out, SMALL)
    print(f"wrote {args.out}")


def add_commands(add: Add) -> None:
    """Add the commands of the sim-to-real methods to the parser."""
    pairs = add("pairs", _pairs, "collect attempts with masks, depth, canonical pictures; resumes")
    pairs.add_argument("--out", type=Path, required=True, help="folder of the shards")
    pairs.add_argument("--world", default="sim", choices=LOOKS, help="look of the cell")
    pairs.add_argument("--attempts", type=int, default=1500, help="how many (default: 1500)")
    pairs.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    add_robot(pairs)
    replay = add("qt-opt-log", _log_replay, "take logged episodes into a store; resumes")
    replay.add_argument("--episodes", type=Path, nargs="+", required=True, help="their folders")
    replay.add_argument("--store", type=Path, required=True, help="folder of the replay")
    replay.add_argument("--source", default="real", help="name in the store (default: real)")
    text = "of the stored pictures [px], as the network's (default: 236)"
    replay.add_argument("--side", type=int, default=236, help=text)
    _add_runs(add)
    _add_judges(add)
    page = add("page", _page, "write docs/results.md out of stored results")
    page.add_argument("--results", type=Path, default=Path("docs/results"), help="stored results")
    page.add_argument("--out", type=Path, default=Path("docs/results.md"), help="the page")


def _add_runs(add: Add) -> None:
    """Add the commands that train one run of the table."""
    generator = add("generator", _generator, "train a generator of the table; resumes")
    generator.add_argument("name", help="one of rlcg_train.adapt.generator_plans.GENERATORS")
    policy = add("policy", _policy, "train the policy of a row of the table; resumes")
    policy.add_argument("row", help="one of rlcg_train.adapt.recipes.RECIPES")
    policy.add_argument("--round", type=int, default=0, help="0 scripted, 1 on-policy too")
    policy.add_argument("--more", type=Path, help="shards of on-policy attempts in simulation")
    for command in (generator, policy):
        add_robot(command)
        text = "folder of the table's runs (default: runs/table)"
        command.add_argument("--root", type=Path, default=Path("runs/table"), help=text)
        command.add_argument("--seed", type=int, default=1, help="of all draws (default: 1)")
        command.add_argument("--threads", type=int, default=1, help="of torch (default: 1)")
        add_compute(command)
        command.add_argument("--toy", action="store_true", help="at the size of the smoke run")


def _add_judges(add: Add) -> None:
    """Add the commands that judge what was trained."""
    agree = add("agreement", _agreement, "does a generator keep objects and gripper in place?")
    agree.add_argument("--generator", type=Path, required=True, help="checkpoint.pt of its run")
    agree.add_argument("--finder", type=Path, required=True, help="checkpoint.pt of run `finder`")
    agree.add_argument("--data", type=Path, required=True, help="shards with masks")
    ranks = add("ranking", _ranking, "does a policy rank grasps behind a generator not its own?")
    ranks.add_argument("--policy", type=Path, required=True, help="policy.pt of its run")
    ranks.add_argument("--data", type=Path, required=True, help="shards; held-out attempts count")
    ranks.add_argument("--generator", type=Path, help="checkpoint.pt of its run (default: none)")
    tries = add("regrasps", _regrasps, "how often does a policy try again? of logged episodes")
    tries.add_argument("--episodes", type=Path, nargs="+", required=True, help="their folders")
