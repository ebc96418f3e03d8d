# SPDX-License-Identifier: Apache-2.0
"""Where training computes: which device, which precision, and batches shared by processes."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from rlcg_core.errors import ConfigError
from rlcg_train import device
from rlcg_train.device import Compute, choose, computing

HERE = Path(__file__).parent


def test_auto_takes_the_gpu_and_its_precision_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(device, "has_bf16", lambda name: name == "cuda")
    assert choose() == Compute(torch.device("cpu"), bf16=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert choose() == Compute(torch.device("cuda:3"), bf16=True)
    assert choose("cpu") == Compute(torch.device("cpu"), bf16=False)
    assert choose("cuda", "float32") == Compute(torch.device("cuda:3"), bf16=False)
    assert choose("cpu", "bfloat16") == Compute(torch.device("cpu"), bf16=True)


def test_bfloat16_is_taken_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert device.has_bf16("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False, "avx": True})
    assert not device.has_bf16("cpu")


def test_a_gpu_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="--device cpu"):
        choose("cuda")
    with pytest.raises(ConfigError, match="found device 'tpu'"):
        choose("tpu")


def test_networks_run_in_bfloat16_and_their_weights_and_gradients_stay_float32() -> None:
    torch.manual_seed(0)
    network, rows = nn.Linear(16, 16), torch.randn(64, 16)
    exact = network(rows)
    with Compute(bf16=True).autocast():
        made = network(rows)
    assert made.dtype == torch.bfloat16
    assert torch.allclose(made.float(), exact, atol=0.03)
    made.float().square().mean().backward()
    kinds = {t.dtype for p in network.parameters() for t in (p, p.grad) if t is not None}
    assert kinds == {torch.float32}
    with Compute(bf16=False).autocast():
        assert network(rows).dtype == torch.float32


def test_a_batch_that_cannot_be_shared_says_so() -> None:
    with pytest.raises(ConfigError, match="batch of 7 cannot be shared by 2"):
        Compute(rank=0, world=2).share(torch.zeros(7))
    shares = [Compute(rank=rank, world=2).share(torch.arange(6)).tolist() for rank in (0, 1)]
    assert shares == [[0, 1, 2], [3, 4, 5]]


def test_one_process_alone_changes_nothing() -> None:
    with computing("cpu", "float32") as alone:
        assert (alone, alone.leads) == (Compute(), True)
        parameter = nn.Parameter(torch.ones(2))
        parameter.grad = torch.tensor([1.0, 2.0])
        alone.mean_gradients([parameter])
        assert parameter.grad.tolist() == [1.0, 2.0]
        assert alone.mean_numbers({"a": 1.0}) == {"a": 1.0}
        assert not alone.any_says(False)
        assert alone.any_says(True)


@pytest.mark.slow
def test_two_processes_take_the_step_of_one_with_the_whole_batch(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    script = [str(HERE / "shared_batch.py"), str(tmp_path)]
    subprocess.run([*command, *script], check=True, timeout=120)
    one, two = (torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1))
    torch.manual_seed(0)
    network, whole = nn.Linear(3, 1), torch.arange(24.0).reshape(8, 3)
    loss = network(whole).square().mean()
    loss.backward()
    assert torch.equal(torch.cat([one["rows"], two["rows"]]), whole)
    for found in (one, two):
        assert found["world"] == 2
        pairs = zip(found["gradients"], network.parameters(), strict=True)
        assert all(torch.allclose(a, p.grad, rtol=1e-5) for a, p in pairs)
        assert found["loss"] == pytest.approx(float(loss.detach()), rel=1e-5)
        assert found["unused"]
        assert found["said"], "one process that is asked to stop stops all"
        assert found["broken"]["a"] != found["broken"]["a"], "no number in one is none in all"
        assert found["broken"]["b"] == 2.0
