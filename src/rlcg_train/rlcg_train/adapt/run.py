# SPDX-License-Identifier: Apache-2.0
"""A run of any stage: steps, checkpoints from which it goes on exactly, pictures, judgements.

Step k draws all its random numbers from the seed and k, so a resumed run takes the same steps as
one that never stopped.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rlcg_core.errors import DataError
from rlcg_train.adapt import grid
from rlcg_train.adapt.alarm import AlarmSettings, SceneAlarm
from rlcg_train.adapt.files import write_whole
from rlcg_train.adapt.stage import Stage
from rlcg_train.device import PLAIN, Compute
from rlcg_train.export import current_commit
from rlcg_train.run_ending import run_to_its_end
from rlcg_train.run_folder import RunFolder, RunState, Silent

CHECKPOINT = "checkpoint.pt"
# Processor time of a step [s], beside its losses: what it costs however busy the machine is.
WORK = "processor_s"


@dataclass(frozen=True)
class RunSettings:
    """``arguments``: plain data that fixes the run, with its ``seed``.

    ``judge_every`` in steps; a note of metrics every ``note_every`` steps; checkpoints and pictures
    by time, so that stopping at any moment loses little.
    """

    out: Path
    arguments: dict[str, Any]
    steps: int
    seed: int = 1
    threads: int = 1
    note_every: int = 20
    judge_every: int = 200
    save_every_s: float = 120.0
    pictures_every_s: float = 180.0
    alarm: AlarmSettings = field(default_factory=AlarmSettings)


class AdaptRun:
    """Owns the folder and drives the stage until it is done, told to stop, or diverged."""

    def __init__(self, settings: RunSettings, stage: Stage, compute: Compute = PLAIN) -> None:
        """Take the folder, go on from its checkpoint; raises `DataError` if it is another's.

        ``compute``: where; of several processes only the one that leads takes the folder.
        """
        torch.set_num_threads(settings.threads)
        self.settings, self.stage, self.done = settings, stage, 0
        stage.begin_on(compute)
        state = RunState(
            stage.kind, settings.arguments, settings.seed, current_commit(), total=settings.steps
        )
        self.folder = RunFolder(settings.out, state) if compute.leads else Silent(state)
        self._alarm, self._seconds, self._alarm_text = SceneAlarm(settings.alarm), 0.0, ""
        self._saved_at = time.monotonic()
        self._pictured_at = float("-inf")
        self._sums: dict[str, float] = {}
        self._resume()

    def _resume(self) -> None:
        path = self.settings.out / CHECKPOINT
        if not path.exists():
            return
        try:
            self._take(torch.load(path, map_location="cpu", weights_only=True))
        except Exception as error:  # torch raises many kinds, those of its unpickler among them
            self.folder.close()
            raise DataError(
                f"{path} cannot be gone on from ({error}): move its folder away to begin again"
            ) from error
        print(f"resuming {path} after step {self.done}", flush=True)

    def _take(self, state: dict[str, Any]) -> None:
        """Go on from what `_save` wrote."""
        for name, network in self.stage.networks.items():
            network.load_state_dict(state["networks"][name])
        for name, mean in self.stage.means.items():
            mean.load_state_dict(state["means"][name])
        for name, optimizer in self.stage.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.stage.load_more_state(state["more"])
        self._alarm.load_state_dict(state["alarm"])
        self.done, self._seconds = int(state["done"]), float(state["seconds"])
        self._sums = dict(state["sums"])

    def go(self, asked_to_stop: Callable[[], bool] = lambda: False) -> str:
        """Learn; return how it ended: finished, interrupted or diverged."""
        return run_to_its_end(lambda: self._learn(asked_to_stop), self.folder, self.settings.out)

    def _learn(self, asked_to_stop: Callable[[], bool]) -> bool:
        """Learn and save; False if it was asked to stop before all was done."""
        while self.done < self.settings.steps:
            if self.stage.compute.any_says(asked_to_stop()):
                break
            self._step()
        if self.stage.compute.leads:
            self._save()
            self._picture()
        return self.done >= self.settings.steps

    def _step(self) -> None:
        started, worked = time.monotonic(), time.process_time()
        torch.manual_seed(1_000_003 * self.settings.seed + self.done)
        with self.stage.compute.autocast():
            losses = self.stage.step(np.random.default_rng([self.settings.seed, self.done]))
        losses[WORK] = time.process_time() - worked
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self.done += 1
        self._seconds += time.monotonic() - started
        if not self.stage.compute.leads:
            return
        if self.done % self.settings.note_every == 0 or self.done == self.settings.steps:
            self._note()
        if time.monotonic() - self._saved_at > self.settings.save_every_s:
            self._save()
        if time.monotonic() - self._pictured_at > self.settings.pictures_every_s:
            self._picture()

    def _note(self) -> None:
        """Write the means since the last note, a judgement if one is due, and the time left."""
        since = (self.done - 1) % self.settings.note_every + 1
        metrics = {name: value / since for name, value in self._sums.items()}
        self._sums = {}
        every = self.settings.judge_every
        if self.done % every == 0 or self.done == self.settings.steps:
            with self.stage.resting():
                metrics |= self.stage.judge()
            self._alarm_text = self._alarm.text(metrics)
        self.folder.note(self.done, self._seconds, metrics, self._alarm_text)
        shown = "  ".join(f"{name} {value:.3f}" for name, value in metrics.items())
        left_min = self.folder.state.left_s / 60
        print(f"{self.done}/{self.settings.steps}  {left_min:.0f} min left  {shown}", flush=True)

    def _save(self) -> None:
        state = {
            "networks": {name: n.state_dict() for name, n in self.stage.networks.items()},
            "means": {name: n.state_dict() for name, n in self.stage.means.items()},
            "optimizers": {name: o.state_dict() for name, o in self.stage.optimizers.items()},
            "more": self.stage.more_state(),
            "layouts": self.stage.layouts(),
            "alarm": self._alarm.state_dict(),
            "done": self.done,
            "seconds": self._seconds,
            "sums": self._sums,
        }
        write_whole(self.settings.out / CHECKPOINT, state)
        for name, made in self.stage.finish().items():
            write_whole(
                self.settings.out / name, {**made, "epoch": self.done, "seconds": self._seconds}
            )
        self._saved_at = time.monotonic()

    def _picture(self) -> None:
        with self.stage.resting():
            pictures = self.stage.pictures()
        if pictures:
            grid.save(self.settings.out / "pictures" / f"{self.done:06d}.png", pictures)
        self._pictured_at = time.monotonic()
