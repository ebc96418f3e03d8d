# SPDX-License-Identifier: Apache-2.0
"""Teach the paper-size network a smooth Q quickly: what the small network thinks of its actions.

Reduced precision is judged by the regret of the actions that it leads to. An untrained network
says nothing about that: its Q is noise. Here a trained `GraspNetwork` scores where random actions
of stored frames would lead, and QT-Opt's network learns these scores from the picture alone. It
sees each frame once for many actions, as when it serves. A network for measuring plans on; whole
policies of this size are trained by QT-Opt.
"""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from rlcg_core.cell import ROBOT1
from rlcg_core.errors import DataError
from rlcg_train import checkpoints, dataset
from rlcg_train.network import HALF_PX, GraspNetwork, sample_patches, scalars
from rlcg_train.profiles import ACTION
from rlcg_train.qt_opt_network import QtOptNetwork, QtOptSettings
from rlcg_train.scorer import to_spec
from rlcg_train.training_run import TrainingRun

SAVE_EVERY = 25


@dataclass(frozen=True)
class DistilSettings:
    """How to train. ``frames`` pictures with ``actions`` random actions each make a step."""

    teacher: Path
    data: tuple[Path, ...]
    out: Path
    steps: int = 250
    frames: int = 4
    actions: int = 16
    learning_rate: float = 1e-3
    seed: int = 1
    threads: int = 2
    network: QtOptSettings = field(default_factory=QtOptSettings)


class Distillation:
    """The run; goes on from the last checkpoint in its folder."""

    def __init__(self, settings: DistilSettings, data: dataset.Dataset) -> None:
        """Raise `DataError` if the teacher is not a grasp-success network."""
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        profile, teacher = checkpoints.load(settings.teacher)
        if not isinstance(teacher, GraspNetwork):
            raise DataError(f"{settings.teacher} is of profile {profile.name}, expected goal")
        self.settings, self.data, self.teacher = settings, data, teacher.eval()
        self.network = QtOptNetwork(settings.network)
        self.optimizer = torch.optim.Adam(self.network.parameters(), settings.learning_rate)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, settings.steps)
        self.state = TrainingRun(
            settings.out,
            ACTION.name,
            json.dumps(asdict(settings), default=str),
            self.network,
            self.optimizer,
            self.schedule,
        )

    def run(self) -> list[float]:
        """Train the steps that lack and return their losses."""
        run, total = self.state, self.settings.steps
        run.resume()
        losses: list[float] = []
        with tqdm(initial=run.done, total=total, desc="distil", unit="step") as progress:
            while run.done < total:
                started = time.perf_counter()
                losses.append(self._one_step())
                run.done += 1
                run.seconds += time.perf_counter() - started
                progress.set_postfix(loss=f"{np.mean(losses[-20:]):.3f}")
                progress.update()
                if run.done % SAVE_EVERY == 0 or run.done == total:
                    loss = float(np.mean(losses[-SAVE_EVERY:]))
                    run.save({"step": run.done, "loss": loss, "seconds": run.seconds})
        return losses

    def _one_step(self) -> float:
        settings = self.settings
        rng = np.random.default_rng([settings.seed, self.state.done])
        torch.manual_seed(int(rng.integers(2**31)))
        batch = torch.from_numpy(rng.choice(self.data.train, settings.frames, replace=False))
        samples = random_samples(settings.frames * settings.actions)
        owner = torch.arange(settings.frames).repeat_interleave(settings.actions)
        target = self._opinion(batch[owner], samples)
        tool_height_m = self.data.tool_pose[batch, 2] - ROBOT1.bin.floor_z_m
        state = torch.stack([torch.zeros(len(batch)), tool_height_m], dim=1)[owner]
        self.network.train()
        self.optimizer.zero_grad()
        picture = pictures(self.data, batch, settings.network.scale_px)
        with torch.autocast("cpu", torch.bfloat16):
            features = self.network.encode(picture.to(memory_format=torch.channels_last))
            logits = self.network.score(
                features[owner], torch.cat([to_spec(samples), state], dim=1)
            )
        loss = functional.binary_cross_entropy_with_logits(logits.float(), target)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.optimizer.step()
        self.schedule.step()
        return float(loss.detach())

    @torch.no_grad()
    def _opinion(self, frames: Tensor, samples: Tensor) -> Tensor:
        """Return targets (N,) in [0, 1]: the teacher's Q where the action leads to.

        Going up halves it, and a command to close, open or end takes it all.
        """
        tool = self.data.tool_pose[frames]
        goal = torch.stack(
            [tool[:, 0] + samples[:, 0], tool[:, 1] + samples[:, 1], tool[:, 3] + samples[:, 3]],
            dim=1,
        )
        picture = 2.0 * pictures(self.data, frames, HALF_PX) - 1.0
        patches = sample_patches(self.teacher.settings, picture, goal, self.data.projection)
        logits = self.teacher(patches, scalars(goal, tool, self.data.camera_xy_m))
        bound_m = ACTION.variables[2].high
        down = 1.0 - 0.25 * (samples[:, 2] / bound_m + 1.0)
        commands = to_spec(samples)[:, 5:].amax(dim=1)
        return torch.sigmoid(logits) * down * (1.0 - commands)


def random_samples(count: int) -> Tensor:
    """Return CEM samples (count, 7): moves uniform within bounds, a command in every fourth."""
    cem = ACTION.cem()
    low, high = torch.tensor(cem.low).float(), torch.tensor(cem.high).float()
    samples = low + torch.rand(count, len(low)) * (high - low)
    samples[torch.rand(count) < 0.75, 4:] *= 0.5
    return samples


def pictures(data: dataset.Dataset, batch: Tensor, side_px: int) -> Tensor:
    """Return stored half-size pictures as (B, 3, side, side) in [0, 1]."""
    size = HALF_PX * HALF_PX
    stored = torch.stack([data.pixels[i * size : (i + 1) * size] for i in batch.tolist()])
    small = stored.reshape(len(batch), HALF_PX, HALF_PX, 3).permute(0, 3, 1, 2).float() / 255.0
    if side_px == HALF_PX:
        return small
    return functional.interpolate(small, size=(side_px, side_px), mode="bilinear")
