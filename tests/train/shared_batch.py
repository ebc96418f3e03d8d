# SPDX-License-Identifier: Apache-2.0
"""Run by ``torchrun``: one step on a batch that all processes share; see `test_device`."""

import sys
from pathlib import Path

import torch
from torch import nn

from rlcg_train.device import computing


def main(out: Path) -> None:
    torch.set_num_threads(1)
    with computing("cpu", "float32") as compute:
        torch.manual_seed(0)
        network, unused = nn.Linear(3, 1), nn.Linear(3, 1)
        rows = compute.share(torch.arange(24.0).reshape(8, 3))
        loss = network(rows).square().mean()
        loss.backward()
        compute.mean_gradients([*network.parameters(), *unused.parameters()])
        said = compute.any_says(compute.rank == 1)
        broken = compute.mean_numbers({"a": float("nan") if compute.rank else 1.0, "b": 2.0})
        state = {
            "gradients": [p.grad for p in network.parameters()],
            "unused": all(p.grad is None for p in unused.parameters()),
            "loss": compute.mean_numbers({"loss": float(loss.detach())})["loss"],
            "said": said,
            "broken": broken,
            "rows": rows,
            "world": compute.world,
        }
        torch.save(state, out / f"{compute.rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
