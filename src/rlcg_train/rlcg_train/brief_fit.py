# SPDX-License-Identifier: Apache-2.0
"""A brief training of the paper-size network on grasp attempts: a smooth Q, not a good policy.

Reduced precision is judged by the regret of the actions it chooses, and an untrained network says
nothing about that: its Q is noise. An hour of attempts and some hundred steps make a Q that is
smooth and knows where objects are, which is enough to measure plans on. Whole policies of this
size are trained by QT-Opt.

Label of a frame: whether its attempt succeeded. Its action: the step towards the pose where the
jaw closed. In a share of the frames the action closes, opens or ends high above the tray instead,
which never succeeds; in another it moves and turns at random, which counts as failed: without that
Q would not depend on where the tool goes.
"""

import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from rlcg_core import spec
from rlcg_core.cell import ROBOT1
from rlcg_train import dataset
from rlcg_train.network import HALF_PX
from rlcg_train.profiles import ACTION
from rlcg_train.qt_opt_network import QtOptNetwork, QtOptSettings

SAVE_EVERY = 25
VAIN_SHARE, ASTRAY_SHARE = 0.2, 0.3
GRASP_HEIGHT_M = 0.03


@dataclass(frozen=True)
class BriefFitSettings:
    """How to train; ``network`` at the paper's size unless a test wants less."""

    data: tuple[Path, ...]
    out: Path
    steps: int = 120
    batch: int = 16
    learning_rate: float = 1e-3
    seed: int = 1
    threads: int = 2
    network: QtOptSettings = field(default_factory=QtOptSettings)


class BriefFit:
    """The run; goes on from the last checkpoint in its folder."""

    def __init__(self, settings: BriefFitSettings, data: dataset.Dataset) -> None:
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.settings, self.data = settings, data
        self.network = QtOptNetwork(settings.network)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), settings.learning_rate)
        self.step, self.seconds = 0, 0.0

    def run(self) -> list[float]:
        """Train the steps that lack and return their losses."""
        self.settings.out.mkdir(parents=True, exist_ok=True)
        self._resume()
        losses: list[float] = []
        progress = tqdm(initial=self.step, total=self.settings.steps, desc="brief fit", unit="step")
        while self.step < self.settings.steps:
            started = time.perf_counter()
            losses.append(self._one_step())
            self.step += 1
            self.seconds += time.perf_counter() - started
            progress.set_postfix(loss=f"{np.mean(losses[-20:]):.3f}")
            progress.update()
            if self.step % SAVE_EVERY == 0 or self.step == self.settings.steps:
                self._save(float(np.mean(losses[-SAVE_EVERY:])))
        progress.close()
        return losses

    def _one_step(self) -> float:
        rng = np.random.default_rng([self.settings.seed, self.step])
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        batch = torch.from_numpy(rng.choice(self.data.train, self.settings.batch))
        condition, bad = conditions(self.data, batch, generator)
        label = torch.where(bad, torch.zeros(()), self.data.success[batch])
        self.network.train()
        self.optimizer.zero_grad()
        picture = pictures(self.data, batch, self.settings.network.scale_px)
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.network(picture.to(memory_format=torch.channels_last), condition)
        loss = functional.binary_cross_entropy_with_logits(logits.float(), label)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.optimizer.step()
        return float(loss.detach())

    def _save(self, loss: float) -> None:
        state = {
            "network": self.network.state_dict(),
            "profile": ACTION.name,
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.step,
            "seconds": self.seconds,
            "settings": json.dumps(asdict(self.settings), default=str),
        }
        temporary = self.settings.out / "checkpoint.part"
        torch.save(state, temporary)
        os.replace(temporary, self.settings.out / "checkpoint.pt")
        with (self.settings.out / "metrics.jsonl").open("a") as lines:
            metrics = {"step": self.step, "loss": loss, "seconds": self.seconds}
            lines.write(json.dumps(metrics) + "\n")

    def _resume(self) -> None:
        path = self.settings.out / "checkpoint.pt"
        if path.exists():
            state = torch.load(path, weights_only=True)
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.seconds = state["epoch"], state["seconds"]


def pictures(data: dataset.Dataset, batch: Tensor, side_px: int) -> Tensor:
    """Return stored half-size pictures as (B, 3, side, side) in [0, 1]."""
    size = HALF_PX * HALF_PX
    stored = torch.stack([data.pixels[i * size : (i + 1) * size] for i in batch.tolist()])
    small = stored.reshape(len(batch), HALF_PX, HALF_PX, 3).permute(0, 3, 1, 2).float() / 255.0
    return functional.interpolate(small, size=(side_px, side_px), mode="bilinear")


def conditions(
    data: dataset.Dataset, batch: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return actions and states (B, 10) in the spec's order, and which are bad ones (B,)."""
    tool, goal = data.tool_pose[batch], data.grasp_pose[batch]
    height_m = tool[:, 2] - ROBOT1.bin.floor_z_m
    unit = torch.rand(len(batch), generator=generator)
    vain = (unit < VAIN_SHARE) & (height_m > 0.1)
    astray = unit > 1.0 - ASTRAY_SHARE
    stray = torch.rand(len(batch), 4, generator=generator) * 2 - 1
    stray *= torch.tensor([*(spec.DISPLACEMENT_BOUND_M,) * 3, spec.YAW_BOUND_RAD])
    moves = torch.where(astray[:, None], stray, moves_towards(tool, goal, height_m))
    flags = functional.one_hot(torch.randint(3, (len(batch),), generator=generator), 3).float()
    columns = [
        moves[:, :3],
        torch.stack([torch.sin(moves[:, 3]), torch.cos(moves[:, 3])], dim=1),
        flags * vain[:, None],
        torch.zeros(len(batch), 1),  # the jaw is open while the arm servoes
        height_m[:, None],
    ]
    return torch.cat(columns, dim=1), vain | astray


def moves_towards(tool: Tensor, goal: Tensor, height_m: Tensor) -> Tensor:
    """Return x, y, z [m] and yaw [rad] (B, 4): bounded steps of tools (B, 4) to goals (B, 3)."""
    bound = spec.DISPLACEMENT_BOUND_M
    left_m = goal[:, :2] - tool[:, :2]
    turn = goal[:, 2] - tool[:, 3]
    turn = torch.remainder(turn + torch.pi / 2, torch.pi) - torch.pi / 2  # the jaw is symmetric
    turn = turn.clamp(-spec.YAW_BOUND_RAD, spec.YAW_BOUND_RAD)
    down = -(height_m - GRASP_HEIGHT_M).clamp(0.0, bound)
    above = left_m.abs().amax(dim=1) < bound
    down = torch.where(above, down, torch.zeros(()))
    return torch.cat([left_m.clamp(-bound, bound), down[:, None], turn[:, None]], dim=1)
