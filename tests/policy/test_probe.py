# SPDX-License-Identifier: Apache-2.0
"""A plan is measured in a child process; whatever becomes of that, there is a verdict."""

import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_forms
import tiny_model

from rlcg_core import bundle
from rlcg_core.bundle import Bundle
from rlcg_core.errors import ConfigError
from rlcg_policy import plans
from rlcg_policy.plans import CPU_FLOAT32
from rlcg_policy.probe import probe


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_forms.write(tmp_path_factory.mktemp("models") / "tiny", tiny_forms.POOR_M)


def child(code: str) -> list[str]:
    return [sys.executable, "-c", f"import os, sys, time\n{code}"]


def test_the_child_gives_the_verdict(tiny: Bundle) -> None:
    verdict = probe(tiny, CPU_FLOAT32, 1)
    assert verdict.ok, verdict.reason
    assert verdict.plan == "cpu-float32"
    assert verdict.first is not None
    assert verdict.first.goal == pytest.approx(tiny.frames[0].goal, abs=1e-4)
    poor = probe(tiny, plans.named("cpu-int8"), 1)
    assert poor.refusal == "quality"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os.kill(os.getpid(), 11)", "it crashed with SIGSEGV when measured"),
        ("os.kill(os.getpid(), 9)", "it crashed with SIGKILL when measured"),
        ("sys.exit('no such device')", "ended with code 1: no such device"),
        ("raise MemoryError('all gone')", "ended with code 1: MemoryError: all gone"),
        ("print('all is well')", "gave no verdict"),
        ('print(\'{"plan": "cpu-float32"}\')', "gave no verdict: verdict has unknown keys"),
    ],
)
def test_a_child_that_fails_refuses_its_plan_with_the_reason(
    tiny: Bundle, code: str, reason: str
) -> None:
    verdict = probe(tiny, CPU_FLOAT32, 1, command=child(code))
    assert verdict.refusal == "fault"
    assert reason in verdict.reason
    assert "\n" not in verdict.reason


def test_a_child_that_hangs_is_ended(tiny: Bundle) -> None:
    begun_s = time.monotonic()
    verdict = probe(tiny, CPU_FLOAT32, 1, command=child("time.sleep(60)"), timeout_s=0.5)
    assert time.monotonic() - begun_s < 10.0
    assert (verdict.refusal, verdict.reason) == ("fault", "it was not measured within 0.5 s")


def test_a_child_that_does_not_start_is_a_fault(tiny: Bundle) -> None:
    verdict = probe(tiny, CPU_FLOAT32, 1, command=["/nowhere/python"])
    assert "does not start" in verdict.reason


def test_an_interrupted_child_ends_the_configuration(tiny: Bundle) -> None:
    with pytest.raises(ConfigError, match="interrupted"):
        probe(tiny, CPU_FLOAT32, 1, command=child("os.kill(os.getpid(), 2); time.sleep(9)"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_this_process_alone_ends_the_measurement_and_is_heard(
    tiny: Bundle, number: int
) -> None:
    heard: list[int] = []

    def hear(number: int, frame: object) -> None:
        heard.append(number)

    before = signal.signal(number, hear)
    # The job can be read only while somebody waits for the child.
    strike = f"sys.stdin.read(); os.kill(os.getppid(), {int(number)}); time.sleep(60)"
    begun_s = time.monotonic()
    try:
        with pytest.raises(ConfigError, match="interrupted"):
            probe(tiny, CPU_FLOAT32, 1, command=child(strike))
        assert time.monotonic() - begun_s < 20.0
        assert heard == [number]
        assert signal.getsignal(number) is hear, "the handler of before is back"
    finally:
        signal.signal(number, before)


def test_a_plan_that_this_runtime_does_not_have_is_a_fault(tiny: Bundle) -> None:
    verdict = probe(tiny, plans.named("tensorrt-float16"), 1)
    assert verdict.refusal == "fault"
    assert "provider tensorrt is not in this onnxruntime" in verdict.reason


def test_a_bundle_that_changes_meanwhile_is_a_fault(tiny: Bundle, tmp_path: Path) -> None:
    other = tiny_model.write(tmp_path / "other")
    verdict = probe(replace(other, folder=tiny.folder), CPU_FLOAT32, 1)
    assert "was changed while it was loaded" in verdict.reason
    (other.folder / bundle.GRAPH).write_bytes(b"")
    assert "sha256" in probe(other, CPU_FLOAT32, 1).reason
