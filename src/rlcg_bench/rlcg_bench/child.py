# SPDX-License-Identifier: Apache-2.0
"""The process of one variant: `python -m rlcg_bench.child JOB`, spoken to in lines of JSON.

JOB: the kind of step, its setup and the number of runs to warm up, as JSON. Then comes a line per
frame to decide on, answered with times and result. The end of the input ends the process.
"""

import importlib
import json
import os
import sys
import time
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any, TextIO

from rlcg_bench import frame
from rlcg_bench.frame import Frame
from rlcg_bench.steps import Setup, Step

# Kind of step -> module below rlcg_bench.steps and the function that builds it.
KINDS = {
    "naive": ("naive", "build_chunk"),
    "naive_whole": ("naive", "build_whole"),
    "tensor2robot": ("tensor2robot_loop", "build"),
    "split": ("split", "build"),
    "two_sessions": ("graphs", "build_two"),
    "graph": ("graphs", "build_one"),
    "yardstick": ("products", "build_yardstick"),
    "peak": ("products", "build_peak"),
}
RUNTIMES = ("onnxruntime", "onnxruntime-openvino", "onnxruntime-gpu", "torch", "numpy")


def main() -> None:
    """Serve requests until the input ends."""
    answers = _own_output()
    job = json.loads(sys.argv[1])
    try:
        setup = Setup(**job["setup"])
        step = _build(job["kind"], setup)
        for _ in range(job["warm_up"]):
            step(frame.load(Path(setup.work), 0))
        _say(answers, {"ready": True, "versions": _versions()})
        for request in map(json.loads, sys.stdin):
            _say(answers, _answer(step, frame.load(Path(setup.work), request["frame"])))
    except Exception as error:  # whatever it is, the parent tells it beside the variant's name
        _say(answers, {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"})
        raise


def _build(kind: str, setup: Setup) -> Step:
    module, function = KINDS[kind]
    step: Step = getattr(importlib.import_module(f"rlcg_bench.steps.{module}"), function)(setup)
    return step


def _answer(step: Step, given: Frame) -> dict[str, Any]:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    found = step(given)
    cpu_ms = 1e3 * (time.process_time() - cpu_s)
    wall_ms = 1e3 * (time.perf_counter() - wall_s)
    return {"wall_ms": wall_ms, "cpu_ms": cpu_ms, "peak_mb": peak_memory_mb(), **asdict(found)}


def peak_memory_mb() -> float | None:
    """Return the most memory that this process has held, in 10^6 bytes; None off Linux.

    Not `getrusage`, whose number survives exec: it would hold the parent's memory as well.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1.024e-3 for line in lines if "VmHWM" in line), None)


def _versions() -> dict[str, str]:
    """Return versions of what this process has loaded."""
    found = {"python": sys.version.split()[0]}
    for name in RUNTIMES:
        if name.split("-")[0] in sys.modules:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                continue  # another build of the same module
    return found


def _own_output() -> TextIO:
    """Return the pipe to the parent; what libraries print goes to the error output."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _say(answers: TextIO, message: dict[str, Any]) -> None:
    print(json.dumps(message), file=answers, flush=True)


if __name__ == "__main__":
    main()
