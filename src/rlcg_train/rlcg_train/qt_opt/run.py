# SPDX-License-Identifier: Apache-2.0
"""A QT-Opt run: a learner, the actors beside it, and a folder from which it goes on exactly.

``policy.pt`` is the freshest policy, which actors read; ``policies`` keeps one now and then;
``checkpoint.pt`` is all that the learner needs to go on. Files appear whole or not at all.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from rlcg_core.errors import DataError
from rlcg_train import checkpoints
from rlcg_train.adapt.files import write_whole
from rlcg_train.device import PLAIN, Compute
from rlcg_train.export import current_commit
from rlcg_train.network import GraspNetwork
from rlcg_train.qt_opt.judge import AlarmSettings, CollapseAlarm, Judge
from rlcg_train.qt_opt.learner import Learner
from rlcg_train.qt_opt.paper_q import PaperQ
from rlcg_train.qt_opt.patch_q import PatchQNetwork, PatchQSettings
from rlcg_train.qt_opt.q_function import QFunction
from rlcg_train.qt_opt.replay import ReplaySource
from rlcg_train.qt_opt.settings import LearnSettings
from rlcg_train.qt_opt_network import QtOptSettings
from rlcg_train.run_ending import run_to_its_end
from rlcg_train.run_folder import RunFolder, RunState

POLICY, CHECKPOINT, KEPT = "policy.pt", "checkpoint.pt", "policies"


@dataclass(frozen=True)
class RunSettings:
    """Where a run writes and reads, and when it saves and judges.

    ``keep_every``: cycles between policies that are kept for good, as the last is not always the
    best. ``store``: folder of the replay sources, by stream name. ``predictor``: a grasp-success
    predictor whose tower the network begins with, if any.
    """

    out: Path
    store: Path
    predictor: Path | None = None
    learn: LearnSettings = field(default_factory=LearnSettings)
    network: PatchQSettings | QtOptSettings = field(default_factory=PatchQSettings)
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    save_every_s: float = 120.0
    judge_every: int = 5
    keep_every: int = 10


def build_network(settings: RunSettings) -> QFunction:
    """Return the network that a run begins with; raises `DataError`."""
    torch.manual_seed(settings.learn.seed)
    if isinstance(settings.network, QtOptSettings):
        if settings.predictor is not None:
            raise DataError("QT-Opt's own network has no tower for a predictor: leave it out")
        return PaperQ(settings.network)
    network = PatchQNetwork(settings.network)
    if settings.predictor is not None:
        profile, trained = checkpoints.load(settings.predictor)
        if not isinstance(trained, GraspNetwork):
            raise DataError(f"{settings.predictor} is of profile {profile.name}, expected goal")
        network.begin_with(trained)
    return network


class Run:
    """Learns cycle by cycle until enough are done, told to stop, or diverged."""

    def __init__(self, settings: RunSettings, total: int = 0, compute: Compute = PLAIN) -> None:
        """Take the folder and go on from its checkpoint; ``total`` 0 goes on until stopped.

        Raises `DataError` if the folder is another trainer's or of other settings.
        """
        self.settings = settings
        sources = {s.name: ReplaySource(settings.store / s.name) for s in settings.learn.streams}
        self.learner = Learner(settings.learn, build_network(settings), sources, compute)
        state = RunState(
            "qt-opt", _plain(settings), settings.learn.seed, current_commit(), total=total
        )
        self.folder = RunFolder(settings.out, state)
        self._seconds, self._saved_at = 0.0, time.monotonic()
        self._judge, self._alarm = Judge(self.learner), CollapseAlarm(settings.alarms)
        self._resume()
        self._write_policy()

    def _resume(self) -> None:
        path = self.settings.out / CHECKPOINT
        if not path.exists():
            return
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            self.learner.load_state_dict(state["learner"])
        except Exception as error:  # torch raises many kinds, those of its unpickler among them
            self.folder.close()
            raise DataError(
                f"{path} cannot be read ({error}): begin another run with --out, or put a policy "
                "of this one's `policies` to use"
            ) from error
        self._seconds = float(state["seconds"])
        print(f"resuming {path} after cycle {self.learner.cycles}", flush=True)

    def go(self, asked_to_stop: Callable[[], bool] = lambda: False) -> str:
        """Learn; return how it ended: finished, interrupted or diverged."""
        return run_to_its_end(lambda: self._learn(asked_to_stop), self.folder, self.settings.out)

    def _learn(self, asked_to_stop: Callable[[], bool]) -> bool:
        """Learn and save; False if it was asked to stop before all was done."""
        total = self.folder.state.total
        while not total or self.learner.cycles < total:
            if asked_to_stop():
                break
            self._cycle()
        self._save()
        return bool(total) and self.learner.cycles >= total

    def _cycle(self) -> None:
        started = time.monotonic()
        metrics, note = self.learner.cycle(), ""
        if self.learner.cycles % self.settings.judge_every == 0:
            metrics |= self._judge.metrics()
            note = self._alarm.text(self.learner.cycles, metrics)
        note = note or self._skipped()
        self._seconds += time.monotonic() - started
        self.folder.note(self.learner.cycles, self._seconds, metrics, note)
        self._write_policy()
        if time.monotonic() - self._saved_at > self.settings.save_every_s:
            self._save()

    def _skipped(self) -> str:
        """Return what is left out of the sources and why; empty if nothing is."""
        named = [
            f"{source.folder.name}/{name}: {why}"
            for source in self.learner.sources.values()
            for name, why in source.skipped.items()
        ]
        more = f" and {len(named) - 1} more" if len(named) > 1 else ""
        return f"left out {named[0]}{more}" if named else ""

    def _save(self) -> None:
        state = {"learner": self.learner.state_dict(), "seconds": self._seconds}
        write_whole(self.settings.out / CHECKPOINT, {**self._policy(), **state})
        self._saved_at = time.monotonic()

    def _write_policy(self) -> None:
        write_whole(self.settings.out / POLICY, self._policy())
        if self.learner.cycles % self.settings.keep_every == 0:
            kept = self.settings.out / KEPT
            kept.mkdir(exist_ok=True)
            write_whole(kept / f"{self.learner.cycles:05d}.pt", self._policy())

    def _policy(self) -> dict[str, Any]:
        """Return what `rlcg_train.checkpoints.load` and the export need."""
        settings = {
            "network": self.learner.online.layout(),
            "data": [str(source.folder) for source in self.learner.sources.values()],
            "seed": self.settings.learn.seed,
        }
        return {
            "network": self.learner.targets.averaged.state_dict(),
            "profile": self.learner.online.profile,
            "settings": json.dumps(settings),
            "epoch": self.learner.cycles,
            "seconds": self._seconds,
        }


def _plain(settings: RunSettings) -> dict[str, Any]:
    """Return what fixes a run as plain data; where and how often it writes does not."""
    kept = {key: asdict(settings)[key] for key in ("store", "predictor", "learn", "network")}
    plain: dict[str, Any] = json.loads(json.dumps(kept, default=str))
    return plain
