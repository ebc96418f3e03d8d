# SPDX-License-Identifier: Apache-2.0
"""What a training needs to go on exactly where it stopped, and where that lies on disk."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from rlcg_train.adapt.files import write_whole
from rlcg_train.export import current_commit
from rlcg_train.run_folder import RunState, write_state


@dataclass
class TrainingRun:
    """Network, optimizer and schedule of a run in a folder, and how far it is.

    ``done``: epochs or steps, in whichever of them the run counts. ``settings`` as JSON and
    ``profile`` by name travel with the weights.
    """

    folder: Path
    profile: str
    settings: str
    network: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    done: int = 0
    seconds: float = 0.0

    def save(self, metrics: dict[str, float]) -> None:
        """Write the checkpoint, whole or not at all, and a line of metrics."""
        state = {
            "network": self.network.state_dict(),
            "profile": self.profile,
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "epoch": self.done,
            "seconds": self.seconds,
            "settings": self.settings,
        }
        write_whole(self.folder / "checkpoint.pt", state)
        with (self.folder / "metrics.jsonl").open("a") as lines:
            lines.write(json.dumps(metrics) + "\n")
        write_state(self.folder, self._state(metrics))

    def _state(self, metrics: dict[str, float]) -> RunState:
        """Return what `rlcg-train status` shows of the run."""
        settings = json.loads(self.settings)
        total = int(settings.get("epochs") or settings["steps"])
        return RunState(
            kind=self.profile,
            settings=settings,
            seed=int(settings["seed"]),
            commit=current_commit(),
            state="finished" if self.done >= total else "running",
            done=self.done,
            total=total,
            seconds=self.seconds,
            metrics=metrics,
        )

    def resume(self) -> None:
        """Make the folder, or go on from the checkpoint in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.done, self.seconds = state["epoch"], state["seconds"]
        print(f"resuming {path} after {self.done}")
