# SPDX-License-Identifier: Apache-2.0
"""A step of CycleGAN on a batch that all processes share; `test_device` runs it by ``torchrun``."""

import sys
from pathlib import Path
from typing import Any

import torch

from rlcg_train.adapt import domain_files
from rlcg_train.adapt.cycle_gan import CycleGanStage
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.run import WORK, AdaptRun, RunSettings
from rlcg_train.device import PLAIN, Compute, computing

SETTINGS = GanSettings(59, 16, 16, scales=2, batch=4)


def step(data: Path, out: Path, compute: Compute = PLAIN) -> dict[str, Any]:
    """Take a step in a run of its own; return its gradients and what the processes agree on."""
    sim, real = (domain_files.load([folder], 59) for folder in (data / "sim", data / "real/shards"))
    halves = GoalHalves(sim, compute), GoalHalves(real, compute)
    stage = CycleGanStage(SETTINGS, *halves)
    run = AdaptRun(RunSettings(out, {}, 2), stage, compute)
    # One of them is asked to stop after a step: all must stop, or the others wait forever.
    ended = run.go(lambda: run.done == 1 and compute.rank == compute.world - 1)
    parameters = [p for network in stage.networks.values() for p in network.parameters()]
    said = {"a": float("nan") if compute.rank else 1.0, "b": 2.0}
    return {
        "gradients": [p.grad for p in parameters],
        "ended": ended,
        "done": run.done,
        "losses": {name: value for name, value in run._sums.items() if name != WORK},
        "said": compute.mean_numbers(said),
        "world": compute.world,
    }


def main(data: Path, out: Path) -> None:
    torch.set_num_threads(1)
    with computing("cpu", "float32") as compute:
        found = step(data, out / "run", compute)
        torch.save(found, out / f"{compute.rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
