# SPDX-License-Identifier: Apache-2.0
"""Measures a plan in a child process; a child that crashes, hangs or fails refuses the plan."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from rlcg_core import strict_json
from rlcg_core.bundle import Bundle
from rlcg_core.errors import ConfigError
from rlcg_policy.interrupts import passed_on
from rlcg_policy.plans import Plan
from rlcg_policy.probe_child import Job
from rlcg_policy.verdict import Verdict

CHILD = (sys.executable, "-m", "rlcg_policy.probe_child")
# TensorRT builds an engine for every form first.
TIMEOUT_S, ENGINE_TIMEOUT_S = 300.0, 1800.0


def probe(
    bundle: Bundle,
    plan: Plan,
    threads: int,
    command: Sequence[str] = CHILD,
    timeout_s: float | None = None,
) -> Verdict:
    """Return the verdict of a child process on ``plan``, a fault if it gives none.

    ``command`` is the child; ``timeout_s`` None allows what the provider may need. Raises
    `ConfigError` if the child was interrupted, as by Ctrl-C.
    """
    if timeout_s is None:
        timeout_s = ENGINE_TIMEOUT_S if plan.provider == "tensorrt" else TIMEOUT_S
    job = Job(str(bundle.folder.resolve()), bundle.digest, plan.name, threads)
    try:
        done = _run(command, job, timeout_s)
    except subprocess.TimeoutExpired:
        return _fault(plan, f"it was not measured within {timeout_s:g} s")
    except OSError as error:
        return _fault(plan, f"its measurement does not start: {error}")
    if done.returncode == -signal.SIGINT:
        raise ConfigError("interrupted while plans were measured: configure again")
    return _fault(plan, _ending(done)) if done.returncode else _read(plan, done.stdout)


def _run(command: Sequence[str], job: Job, timeout_s: float) -> subprocess.CompletedProcess[str]:
    # The child must find what this process found, however that was started.
    path = os.pathsep.join(folder for folder in sys.path if folder)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as child:
        try:
            with passed_on(child):
                told = json.dumps(strict_json.to_plain(job))
                output, errors = child.communicate(told, timeout=timeout_s)
        finally:
            child.kill()
    return subprocess.CompletedProcess(command, child.returncode, output, errors)


def _ending(done: subprocess.CompletedProcess[str]) -> str:
    """Return how a child that failed has ended."""
    if done.returncode < 0:
        return f"it crashed with {signal.Signals(-done.returncode).name} when measured"
    last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no message")
    return f"its measurement ended with code {done.returncode}: {last.strip()[:300]}"


def _read(plan: Plan, text: str) -> Verdict:
    try:
        verdict: Verdict = strict_json.from_plain(Verdict, json.loads(text), "verdict")
    except (ValueError, ConfigError) as error:
        return _fault(plan, f"its measurement gave no verdict: {error}")
    if verdict.plan != plan.name:
        return _fault(plan, f"its measurement judged {verdict.plan} instead")
    return verdict


def _fault(plan: Plan, reason: str) -> Verdict:
    return Verdict(plan.name, "fault", reason)
