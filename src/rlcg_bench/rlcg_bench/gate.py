# SPDX-License-Identifier: Apache-2.0
"""Which plans of serving this machine offers, and what serving's own gate says of each."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from rlcg_bench.contestant import SOURCES
from rlcg_bench.variants import Variant
from rlcg_core.bundle import Bundle
from rlcg_core.errors import ConfigError
from rlcg_policy.graphs import form_bytes
from rlcg_policy.plans import CPU_FLOAT32, Plan, candidates, full_form
from rlcg_policy.probe import probe
from rlcg_policy.verdict import Verdict

OFFERED = "import onnxruntime; print(*onnxruntime.get_available_providers())"


@dataclass(frozen=True)
class Gated:
    """A plan, the interpreter whose onnxruntime has it, and the verdict."""

    plan: Plan
    python: str
    verdict: Verdict


def judge(bundle: Bundle, threads: int, openvino_python: str) -> list[Gated]:
    """Return the verdict on every plan besides cpu-float32, which is the reference.

    ``openvino_python``: an interpreter with onnxruntime-openvino, empty for none. Raises
    `ConfigError` if it has no such thing.
    """
    offers = list(_offers(bundle, openvino_python))
    found = []
    for plan, python in tqdm(offers, desc="gate", unit="plan"):
        found.append(Gated(plan, python, probe(bundle, plan, threads, _command(python))))
    return found


def write_graphs(bundle: Bundle, gated: list[Gated], folder: Path) -> tuple[Variant, ...]:
    """Write the graphs of all plans that compute, and return them as variants.

    A plan refused for its quality runs too: its time stands in the table beside the reason.
    """
    variants = []
    for one in gated:
        form = full_form(bundle, one.plan)
        if one.verdict.refusal == "fault" or form is None:
            continue
        (folder / form.file).write_bytes(form_bytes(bundle, form))
        options = {"graph": form.file, "plan": one.plan.name}
        what = f"plan of serving, {form.file}"
        variants.append(
            Variant(one.plan.name, what, "graph", options, one.python, exact=one.plan.exact)
        )
    return tuple(variants)


def _offers(bundle: Bundle, openvino_python: str) -> Iterator[tuple[Plan, str]]:
    own = candidates(bundle, _providers(""))
    yield from ((plan, "") for plan in own if plan != CPU_FLOAT32)
    if openvino_python:
        # The other interpreter is there for OpenVINO alone.
        others = candidates(bundle, _providers(openvino_python))
        wanted = [plan for plan in others if plan.provider == "openvino" and plan not in own]
        yield from ((plan, openvino_python) for plan in wanted)


def _providers(python: str) -> list[str]:
    try:
        done = subprocess.run(
            [python or sys.executable, "-c", OFFERED], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise ConfigError(
            f"{python or sys.executable} has no onnxruntime ({error}): make it with "
            "'make setup-openvino', or name another by --openvino-python"
        ) from error
    return done.stdout.split()


def _command(python: str) -> tuple[str, ...]:
    """Return serving's measuring process; a foreign interpreter gets our sources only."""
    child = ("-m", "rlcg_policy.probe_child")
    if not python:
        return (sys.executable, *child)
    return ("env", f"PYTHONPATH={os.pathsep.join(SOURCES)}", python, *child)
