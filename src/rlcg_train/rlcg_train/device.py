# SPDX-License-Identifier: Apache-2.0
"""Where training computes: on a processor or a GPU, in which precision, in how many processes.

The same command serves all of them. Started by ``torchrun``, every process draws the same whole
batch and keeps its share of the rows; gradients are averaged over the processes before anything
moves, so together they take the step of one process with the whole batch. Batch norms alone see
the rows of their own process, as in torch's own data parallel training.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, distributed, nn

from rlcg_core.errors import ConfigError
from rlcg_train.cli_compute import DEVICES, PRECISIONS

# Instruction sets without which a processor only pretends to have bfloat16, slowly.
BF16_SETS = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True)
class Compute:
    """A device, whether networks run in bfloat16 there, and which of how many processes this is.

    Weights, losses and statistics stay float32.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    bf16: bool = False
    rank: int = 0
    world: int = 1

    def __str__(self) -> str:
        """Return the same in words, as "cuda, bfloat16, 2 processes"."""
        kind = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "cpu"
        processes = f", {self.world} processes" if self.world > 1 else ""
        return f"{kind}, {'bfloat16' if self.bf16 else 'float32'}{processes}"

    @property
    def leads(self) -> bool:
        """Return whether this process is the one that writes files."""
        return self.rank == 0

    def autocast(self) -> torch.autocast:
        """Return a context in which networks run in the precision of this device."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)

    def full_precision(self) -> AbstractContextManager[Any]:
        """Return a context without `autocast`, inside it: the way backwards needs none."""
        return torch.autocast(self.device.type, enabled=False) if self.bf16 else nullcontext()

    def share(self, whole: Tensor) -> Tensor:
        """Return this process's rows (B / world, ...) of a batch (B, ...); raises `ConfigError`."""
        if len(whole) % self.world:
            raise ConfigError(
                f"a batch of {len(whole)} cannot be shared by {self.world} processes: make it a "
                "multiple of them"
            )
        return whole.chunk(self.world)[self.rank]

    def mean_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Average gradients over the processes, in place; those without any are left alone."""
        found = [p.grad for p in parameters if p.grad is not None]
        if self.world == 1 or not found:
            return
        flat = torch.cat([gradient.flatten() for gradient in found])
        distributed.all_reduce(flat)
        for gradient, mean in zip(found, flat.split([g.numel() for g in found]), strict=True):
            gradient.copy_(mean.view_as(gradient) / self.world)

    def mean_numbers(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """Return the means over the processes; not a number anywhere is not a number in all."""
        if self.world == 1:
            return dict(numbers)
        together = torch.tensor(list(numbers.values()), dtype=torch.float64, device=self.device)
        distributed.all_reduce(together)
        return dict(zip(numbers, (together / self.world).tolist(), strict=True))

    def any_says(self, here: bool) -> bool:
        """Return whether one of the processes says so, that all may stop after the same step."""
        return self.mean_numbers({"said": float(here)})["said"] > 0.0


# The processor, float32, one process: what computes where nobody chooses.
PLAIN = Compute()


def choose(device: str = "auto", precision: str = "auto") -> Compute:
    """Return what one process computes on; raises `ConfigError`.

    Args:
        device: auto, cpu or cuda; auto takes a GPU where there is one.
        precision: auto, float32 or bfloat16; auto takes bfloat16 where the hardware has it.
    """
    if device not in DEVICES or precision not in PRECISIONS:
        raise ConfigError(
            f"found device {device!r} and precision {precision!r}, expected one of {DEVICES} and "
            f"one of {PRECISIONS}"
        )
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("no GPU that torch can use: take --device cpu, or a torch with CUDA")
    name = device
    if device == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    bf16 = has_bf16(name) if precision == "auto" else precision == "bfloat16"
    if name == "cuda":
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    return Compute(torch.device(name), bf16)


def has_bf16(device: str) -> bool:
    """Return whether bfloat16 is computed, not emulated, on "cpu" or "cuda"."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    found = torch.cpu.get_capabilities()
    return any(bool(found.get(name)) for name in BF16_SETS)


@contextmanager
def computing(device: str = "auto", precision: str = "auto") -> Iterator[Compute]:
    """Yield what to compute on; under ``torchrun`` the processes find each other meanwhile.

    Raises `ConfigError`, as `choose`.
    """
    alone = choose(device, precision)
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield alone
        return
    if alone.device.type == "cuda":
        torch.cuda.set_device(alone.device)
    distributed.init_process_group("nccl" if alone.device.type == "cuda" else "gloo")
    try:
        rank, world = distributed.get_rank(), distributed.get_world_size()
        yield Compute(alone.device, alone.bf16, rank, world)
    finally:
        distributed.destroy_process_group()
