# SPDX-License-Identifier: Apache-2.0
"""Commands of `rlcg-train` for QT-Opt: collect, learn, measure, and the state of all runs."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rlcg_core.cell import ROBOT1
from rlcg_core.command_line import Add
from rlcg_core.errors import DataError
from rlcg_core.robots import ROBOTS
from rlcg_sim.description import find_urdf
from rlcg_train.cli_compute import add_compute

if TYPE_CHECKING:
    from rlcg_train.qt_opt.patch_q import PatchQSettings
    from rlcg_train.qt_opt_network import QtOptSettings


def _collect(args: argparse.Namespace) -> None:
    from rlcg_train.qt_opt.behaviours import BehaviourSettings
    from rlcg_train.qt_opt.collection import CollectionSettings, start_actors

    settings = CollectionSettings(
        args.store / "scripted",
        find_urdf(ROBOT1.urdf),
        BehaviourSettings("scripted", args.predictor),
        episodes=args.episodes,
        actors=args.workers,
        side_px=_network(args.network).scale_px,
        through=args.through,
    )
    failed = []
    for actor in start_actors(settings):
        actor.join()
        failed += [actor.exitcode] if actor.exitcode else []
    if failed:
        raise DataError(f"actors ended with codes {failed}: see what they printed")


def _network(name: str) -> "PatchQSettings | QtOptSettings":
    from rlcg_train.qt_opt.patch_q import PatchQSettings
    from rlcg_train.qt_opt_network import QtOptSettings

    return QtOptSettings() if name == "paper" else PatchQSettings()


def _import(args: argparse.Namespace) -> None:
    from rlcg_train.qt_opt.attempts import take_in
    from rlcg_train.qt_opt.settings import LearnSettings

    count = take_in(args.data, args.store / "attempts", LearnSettings().returns)
    print(f"{args.store / 'attempts'}: {count} attempts more")


def _learn(args: argparse.Namespace) -> None:
    from rlcg_train.device import computing
    from rlcg_train.qt_opt.actors import run_with_actors
    from rlcg_train.qt_opt.behaviours import BehaviourSettings
    from rlcg_train.qt_opt.collection import CollectionSettings
    from rlcg_train.qt_opt.run import POLICY, Run, RunSettings
    from rlcg_train.qt_opt.settings import LearnSettings, paper, streams

    also = tuple(args.also)
    plain = paper(also) if args.network == "paper" else LearnSettings(streams(also))
    learn = replace(plain, seed=args.seed, threads=args.threads)
    network = _network(args.network)
    settings = RunSettings(args.out, args.store, args.predictor, learn, network)
    on_policy = CollectionSettings(
        args.store / "on_policy",
        find_urdf(ROBOT1.urdf),
        BehaviourSettings("policy", args.out / POLICY),
        source=1,
        actors=args.workers,
        side_px=network.scale_px,
        through=args.through,
    )
    with computing(args.device, args.precision) as compute:
        print(f"learning on {compute}", flush=True)
        run = Run(settings, args.cycles, compute)
        ended = run_with_actors(run, [on_policy] if args.workers else [])
    print(f"{args.out}: {ended}")
    if ended == "diverged":
        raise DataError(f"{args.out} diverged: see its run.json")


def measure(args: argparse.Namespace) -> None:
    """Measure a checkpoint of the whole action, closed loop."""
    from rlcg_train.qt_opt import closed_loop

    closed_loop.measure(
        closed_loop.MeasureSettings(
            args.checkpoint,
            find_urdf(ROBOT1.urdf),
            grasps=args.grasps,
            first=args.first,
            objects=args.objects or ROBOTS["robot1"].train_objects,
            evaluation_seed=args.seed,
            renderer=args.renderer,
            workers=args.workers,
        )
    )


def _status(args: argparse.Namespace) -> None:
    from rlcg_train.run_folder import table

    lines = table(args.runs)
    print("\n".join(lines) if lines else f"no runs under {args.runs}")


def add_commands(add: Add) -> None:
    """Add the commands of QT-Opt to the parser."""
    collect = add("qt-opt-collect", _collect, "fill the off-policy store by script; resumes")
    collect.add_argument("--episodes", type=int, default=1500, help="how many (default: 1500)")
    learn = add("qt-opt", _learn, "learn the whole action while actors collect; resumes")
    learn.add_argument("--out", type=Path, required=True, help="folder of the run")
    learn.add_argument("--cycles", type=int, default=0, help="0: until interrupted (default)")
    learn.add_argument("--seed", type=int, default=1, help="of weights and draws (default: 1)")
    learn.add_argument("--threads", type=int, default=1, help="of the learner (default: 1)")
    text = "further sources of the store to learn from, off-policy"
    learn.add_argument("--also", nargs="*", default=[], metavar="SOURCE", help=text)
    add_compute(learn)
    for command, actors in ((collect, 2), (learn, 1)):
        command.add_argument("--store", type=Path, required=True, help="folder of the replay")
        command.add_argument("--network", choices=("small", "paper"), default="small")
        command.add_argument("--predictor", type=Path, help="checkpoint of profile goal")
        text = "generator's checkpoint.pt: see simulation as G(x); give it a store of its own"
        command.add_argument("--through", type=Path, help=text)
        text = f"collecting processes (default: {actors})"
        command.add_argument("--workers", type=int, default=actors, help=text)
    taken = add("qt-opt-import", _import, "take grasp attempts of collect into a store")
    taken.add_argument("--data", type=Path, nargs="+", required=True, help="folders of shards")
    taken.add_argument("--store", type=Path, required=True, help="folder of the replay")
    status = add("status", _status, "show all runs under a folder")
    status.add_argument("runs", type=Path, nargs="?", default=Path("runs"), help="default: runs")
