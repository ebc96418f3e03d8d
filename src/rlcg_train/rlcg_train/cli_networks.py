# SPDX-License-Identifier: Apache-2.0
"""Commands of `rlcg-train` that make networks: fit, distil, fresh."""

import argparse
from pathlib import Path

from rlcg_core.command_line import Add
from rlcg_train.cli_compute import add_compute
from rlcg_train.cli_robot import add_robot


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


def _distil(args: argparse.Namespace) -> None:
    from rlcg_train import dataset
    from rlcg_train.distil import Distillation, DistilSettings

    settings = DistilSettings(
        args.teacher, tuple(args.data), args.out, args.steps, seed=args.seed, threads=args.threads
    )
    Distillation(settings, dataset.load(list(settings.data))).run()


def _fresh(args: argparse.Namespace) -> None:
    from rlcg_train.checkpoints import init_qt_opt

    init_qt_opt(args.out, args.seed)
    print(f"wrote {args.out}: QT-Opt's network at paper size, untrained, to measure speed with")


def add_commands(add: Add) -> None:
    """Add these commands to the parser."""
    fit = add("fit", _fit, "train the grasp-success predictor; resumes")
    fit.add_argument("--epochs", type=int, default=8, help="passes over the data (default: 8)")
    fit.add_argument("--init", type=Path, help="checkpoint whose weights to begin with")
    add_compute(fit)
    add_robot(fit)
    distil = add("distil", _distil, "teach QT-Opt's network quickly, to measure on; resumes")
    distil.add_argument("--teacher", type=Path, required=True, help="checkpoint of profile goal")
    distil.add_argument("--steps", type=int, default=250, help="steps of 64 actions (default: 250)")
    for command in (fit, distil):
        command.add_argument(
            "--data", type=Path, nargs="+", required=True, help="folders of shards"
        )
        text = "folder of checkpoint and metrics"
        command.add_argument("--out", type=Path, required=True, help=text)
        command.add_argument("--seed", type=int, default=1, help="seed of all draws (default: 1)")
        command.add_argument(
            "--threads", type=int, default=2, help="processor threads (default: 2)"
        )
    fresh = add("fresh", _fresh, "write an untrained network of QT-Opt's size, to measure speed")
    fresh.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    fresh.add_argument("--seed", type=int, default=1, help="seed of the weights (default: 1)")
