# SPDX-License-Identifier: Apache-2.0
"""Train the grasp-success predictor by cross-entropy; resumes exactly from its last epoch."""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from rlcg_core.errors import DataError
from rlcg_train import augment, checkpoints, dataset
from rlcg_train.device import PLAIN, Compute
from rlcg_train.network import GraspNetwork, NetworkSettings, scalars
from rlcg_train.profiles import GOAL
from rlcg_train.training_run import TrainingRun


@dataclass(frozen=True)
class FitSettings:
    """How to train.

    ``init``: checkpoint of the same layout whose weights are the first, None for random ones.
    ``profile``: the robot's own of `rlcg_train.profiles.GOALS`.
    """

    data: tuple[Path, ...]
    out: Path
    epochs: int = 8
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    seed: int = 1
    threads: int = 2
    init: Path | None = None
    profile: str = GOAL.name
    network: NetworkSettings = field(default_factory=NetworkSettings)


class Fit:
    """One training run: network, optimizer, schedule, and where it stands."""

    def __init__(
        self, settings: FitSettings, data: dataset.Dataset, compute: Compute = PLAIN
    ) -> None:
        """``compute``: where; of several processes only the one that leads writes."""
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.settings, self.data, self.compute = settings, data.to(compute.device), compute
        self.network = GraspNetwork(settings.network)
        if settings.init is not None:
            self._take_weights(settings.init)
        self.network.to(compute.device)
        steps = max(1, len(data.train) // settings.batch) * settings.epochs
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, settings.learning_rate, total_steps=steps
        )
        self.state = TrainingRun(
            settings.out,
            settings.profile,
            json.dumps(asdict(settings), default=str),
            self.network,
            self.optimizer,
            self.schedule,
        )

    def _take_weights(self, checkpoint: Path) -> None:
        found = checkpoints.load(checkpoint)[1]
        try:
            self.network.load_state_dict(found.state_dict())
        except RuntimeError as error:
            raise DataError(
                f"{checkpoint} is of another network than {self.settings.network}: give one of "
                "profile goal and this layout"
            ) from error

    def run(self) -> None:
        """Train the epochs that lack; a checkpoint and a line of metrics after each."""
        run = self.state
        run.resume()
        while run.done < self.settings.epochs:
            started = time.perf_counter()
            loss = self._one_epoch()
            run.done += 1
            run.seconds += time.perf_counter() - started
            if self.compute.leads:
                metrics = {"epoch": run.done, "loss": loss, "seconds": run.seconds, **self.judge()}
                run.save(metrics)
                print({k: round(v, 4) for k, v in metrics.items()}, flush=True)

    def _one_epoch(self) -> float:
        torch.manual_seed(1000 * self.settings.seed + self.state.done)
        rng = np.random.default_rng([self.settings.seed, self.state.done])
        self.network.train()
        losses = []
        total = len(self.data.train) // self.settings.batch
        frames = dataset.batches(self.data.train, self.settings.batch, rng)
        for batch in tqdm(frames, total=total, desc=f"epoch {self.state.done + 1}", mininterval=5):
            self.optimizer.zero_grad()
            loss = self._loss(self.compute.share(batch))
            loss.backward()
            self.compute.mean_gradients(self.network.parameters())
            nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimizer.step()
            self.schedule.step()
            losses.append(float(loss.detach()))
        return float(np.mean(losses)) if losses else float("nan")

    def _loss(self, batch: Tensor) -> Tensor:
        goal = augment.jitter_goal(self.data.grasp_pose[batch])
        patches = dataset.cut_patches(self.data, self.settings.network, batch, goal)
        numbers = self._scalars(goal, batch)
        patches, numbers = augment.mirror(augment.colours(patches), numbers)
        with self.compute.autocast():
            logits = self.network(patches, numbers)
        return functional.binary_cross_entropy_with_logits(logits.float(), self.data.success[batch])

    def _scalars(self, goal: Tensor, batch: Tensor) -> Tensor:
        return scalars(goal, self.data.tool_pose[batch], self.data.camera_xy_m)

    @torch.no_grad()
    def judge(self) -> dict[str, float]:
        """Return loss and ranking quality (AUC) on the attempts that were held out."""
        self.network.eval()
        logits = []
        for start in range(0, len(self.data.held_out), 512):
            batch = torch.from_numpy(self.data.held_out[start : start + 512])
            goal = self.data.grasp_pose[batch]
            patches = dataset.cut_patches(self.data, self.settings.network, batch, goal)
            numbers = self._scalars(goal, batch)
            logits.append(self.network(patches, numbers))
        if not logits:
            return {}
        scores, truth = torch.cat(logits), self.data.success[self.data.held_out]
        loss = functional.binary_cross_entropy_with_logits(scores, truth)
        return {"held_out_loss": float(loss), "held_out_auc": auc(scores, truth)}


def auc(scores: Tensor, truth: Tensor) -> float:
    """Return the chance that a success scores above a failure; ties count half."""
    _, place, counts = torch.unique(scores, return_inverse=True, return_counts=True)
    # Equal scores share the mean of their ranks.
    ranks = (counts.cumsum(0) - 0.5 * (counts - 1)).double()[place]
    good = truth > 0.5
    wins, losses = int(good.sum()), int((~good).sum())
    if not wins or not losses:
        return float("nan")
    return float((ranks[good].sum() - wins * (wins + 1) / 2) / (wins * losses))
