# SPDX-License-Identifier: Apache-2.0
"""Where training computes: which device, which precision, and batches shared by processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import shared_batch
import torch
from torch import nn
from toy_domains import write_real, write_sim

from rlcg_core.errors import ConfigError
from rlcg_train import device
from rlcg_train.device import Compute, choose, computing
from rlcg_train.run_folder import read_state


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
    write_sim(tmp_path / "data" / "sim", 24)
    write_real(tmp_path / "data" / "real", 24)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    script = [shared_batch.__file__, str(tmp_path / "data"), str(tmp_path)]
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([*command, *script], check=True, timeout=120, env={**os.environ, **paths})
    torch.set_num_threads(1)
    whole = shared_batch.step(tmp_path / "data", tmp_path / "alone")
    assert (whole["ended"], whole["done"]) == ("interrupted", 1)
    for found in (torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1)):
        assert found["world"] == 2
        assert (found["ended"], found["done"]) == ("interrupted", 1)
        for shared, alone in zip(found["gradients"], whole["gradients"], strict=True):
            assert torch.allclose(shared, alone, rtol=1e-3, atol=1e-4)
        assert found["losses"] == pytest.approx(whole["losses"], rel=1e-4)
        assert found["said"]["a"] != found["said"]["a"], "no number in one is none in all"
        assert found["said"]["b"] == 2.0
    # One of them wrote the run's folder, the other nothing.
    assert read_state(tmp_path / "run").done == read_state(tmp_path / "alone").done
