# SPDX-License-Identifier: Apache-2.0
"""Commands of `rlcg-train` that make, judge and quantize bundles, and record what they need."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rlcg_core.cell import ROBOT1
from rlcg_core.command_line import Add
from rlcg_core.manifest import Metric, Training
from rlcg_core.robots import ROBOTS
from rlcg_core.statistics import wilson_interval
from rlcg_sim.description import find_urdf
from rlcg_train.cli_robot import add_robot

if TYPE_CHECKING:
    from rlcg_train.seen_frame import SeenFrame
    from rlcg_train.simulated import Simulated


def _export(args: argparse.Namespace) -> None:
    from rlcg_train.export import ExportSettings, current_commit, export
    from rlcg_train.forms import add_forms
    from rlcg_train.provenance import describe

    training = Training(commit=current_commit(), **describe(args.checkpoint))
    made = add_forms(export(ExportSettings(args.checkpoint, args.out, training)), args.checkpoint)
    print(f"wrote {made.folder}: {', '.join(sorted(made.manifest.files))}")


def _forms(args: argparse.Namespace) -> None:
    from rlcg_core import bundle
    from rlcg_train.forms import add_forms

    made = add_forms(bundle.load(args.model), args.checkpoint)
    print(f"{made.folder} has {', '.join(form.file for form in made.manifest.graphs)}")


def _frames(args: argparse.Namespace) -> None:
    from rlcg_core import bundle
    from rlcg_train import frames

    found = bundle.load(args.model)
    robot, play = ROBOTS[args.robot], _player(args.whole_action)
    world = play(find_urdf(robot.cell.urdf), args.renderer, robot)
    try:
        seen, source = world.frames(args.frames, args.seed), world.source
    finally:
        world.close()
    made = frames.store(found, seen, source, args.seed)
    print(f"{made.folder} has {len(made.frames)} stored frames: {source}")


def _record_episodes(args: argparse.Namespace) -> None:
    from rlcg_train.recording import record

    robot, play = ROBOTS[args.robot], _player(args.whole_action)
    urdf = find_urdf(robot.cell.urdf)
    folders = record(args.out, args.episodes, urdf, args.renderer, play, robot)
    print(f"{args.out} has {len(folders)} episodes")


def _player(whole_action: bool) -> "type[Simulated]":
    """Return what plays the episodes of a model that learns the whole action, or goals alone."""
    from rlcg_train.qt_opt.seen_episodes import SeenEpisodes
    from rlcg_train.simulated import Simulated

    return SeenEpisodes if whole_action else Simulated


def _quantize(args: argparse.Namespace) -> None:
    from rlcg_train import episodes
    from rlcg_train.quantize import quantize

    if args.bag:
        source, recorded = f"bags {', '.join(path.name for path in args.bag)}", _bags(args)
    else:
        read = [episodes.read(folder) for folder in episodes.find(args.episodes)]
        source, recorded = read[0][0], [frames for _, frames in read]
    made = quantize(args.model, recorded, source)
    print(f"{made.folder} has {', '.join(form.file for form in made.manifest.graphs)}")


def _bags(args: argparse.Namespace) -> list[list["SeenFrame"]]:
    """Return the frames of each bag, seen by the camera that the bundle was trained with."""
    from rlcg_core import bundle
    from rlcg_sim.ghost_arm import GhostArm
    from rlcg_train.bag import BagReader, BagTopics

    camera = bundle.load(args.model).manifest.camera
    topics = BagTopics(args.image_topic, args.camera_info_topic, args.joint_states_topic)
    arm = GhostArm(ROBOT1, find_urdf(ROBOT1.urdf))
    try:
        pose = np.array(camera.transform_camera_to_base)
        return [BagReader(ROBOT1, arm, pose).read(path, topics) for path in args.bag]
    finally:
        arm.close()


def _record(args: argparse.Namespace) -> None:
    from rlcg_train.export import add_metric

    report = json.loads(args.report.read_text())
    low, high = wilson_interval(report["successes"], report["grasps"])
    conditions = (
        f"closed loop through the nodes, {report['objects']}, seed {report['seed']}, "
        f"renderer {report['renderer']}"
    )
    metric = Metric(args.name, report["success_rate"], report["grasps"], (low, high), conditions)
    add_metric(args.model, metric)
    print(f"{args.name} = {metric.value:.3f} (n = {metric.n}) recorded in {args.model}")


def add_commands(add: Add) -> None:
    """Add the commands on bundles to the parser."""
    export = add("export", _export, "write a model bundle from a checkpoint")
    export.add_argument("--out", type=Path, required=True, help="folder models/<name>")
    forms = add("forms", _forms, "add the deadline graphs to a bundle exported before")
    frames = add("frames", _frames, "store simulated frames in a bundle, to judge its forms by")
    frames.add_argument("--frames", type=int, default=16, help="how many (default: 16)")
    frames.add_argument("--seed", type=int, default=1, help="of scenes and noise (default: 1)")
    episodes = add("record-episodes", _record_episodes, "record simulated episodes; resumes")
    episodes.add_argument("--out", type=Path, required=True, help="folder of the episodes")
    episodes.add_argument("--episodes", type=int, default=20, help="how many (default: 20)")
    for command in (frames, episodes):
        command.add_argument("--renderer", default="auto", help="auto, egl or tiny")
        add_robot(command)
        text = "whole episodes, for models of QT-Opt: closing, holding, trying again"
        command.add_argument("--whole-action", action="store_true", help=text)
    quantize = _add_quantize(add)
    record = add("record", _record, "record a run's report.json as a metric of a bundle")
    record.add_argument("--report", type=Path, required=True, help="report.json of a run")
    record.add_argument("--name", default="success_rate", help="name of the metric")
    for command in (export, forms):
        command.add_argument("--checkpoint", type=Path, required=True, help="the network")
    for command in (forms, frames, quantize, record):
        command.add_argument("--model", type=Path, required=True, help="folder models/<name>")


def _add_quantize(add: Add) -> argparse.ArgumentParser:
    quantize = add("quantize", _quantize, "add int8 forms to a bundle, with their regret")
    kinds = quantize.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--episodes", type=Path, nargs="+", help="folders of recorded episodes")
    kinds.add_argument("--bag", type=Path, nargs="+", help="MCAP files, one for each episode")
    for topic in ("image_raw", "camera_info", "joint_states"):
        option = topic.replace("_raw", "").replace("_", "-")
        text = f"in the bag (default: /{topic})"
        quantize.add_argument(f"--{option}-topic", default=f"/{topic}", help=text)
    return quantize
