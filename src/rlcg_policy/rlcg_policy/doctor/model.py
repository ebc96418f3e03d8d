# SPDX-License-Identifier: Apache-2.0
"""The model's bundle, and what this machine can run it with."""

import shutil
from pathlib import Path

import onnxruntime as ort

from rlcg_core import bundle
from rlcg_core.bundle import Bundle
from rlcg_policy import plans
from rlcg_policy.doctor.finding import Findings
from rlcg_policy.graph_runner import open_form
from rlcg_policy.plan_roster import ranked
from rlcg_policy.plans import CPU_FLOAT32, GPU_PROVIDERS, PROVIDERS
from rlcg_policy.processor import gpu_name
from rlcg_policy.serving_options import ServingOptions
from rlcg_policy.verdicts import VerdictCache, key_of

DEFAULT = "robot1_grasp_success"


def check_providers(report: Findings) -> None:
    """Add what onnxruntime offers, and a GPU that it leaves idle."""
    offered = ort.get_available_providers()
    short = [name for name, full in PROVIDERS.items() if full in offered]
    text = f"onnxruntime {ort.__version__} offers {', '.join(short)}"
    gpu = gpu_name() if shutil.which("nvidia-smi") else ""
    if gpu and not set(short) & set(GPU_PROVIDERS):
        remedy = "make setup RUNTIME=gpu, if decisions shall run on the GPU"
        report.warning("providers", f"{text}, this machine has {gpu}", "cuda", remedy)
    else:
        report.ok("providers", text)


def check_model(report: Findings, name: str, models: Path) -> Bundle | None:
    """Add whether the bundle is the one that was exported; return it, None if it is not."""
    with report.attempt("model"):
        loaded = bundle.load(bundle.find(name or DEFAULT, models))
        files = len(loaded.manifest.files)
        report.ok(
            "model", f"{loaded.manifest.name}, digest {loaded.digest}, {files} files as hashed"
        )
        return loaded
    return None


def check_golden(report: Findings, loaded: Bundle, options: ServingOptions) -> None:
    """Add whether onnxruntime computes here what was computed at export."""
    with report.attempt("golden vectors"):
        full = plans.forms(loaded, CPU_FLOAT32)[0]
        open_form(loaded, full, CPU_FLOAT32, options.thread_count).replay()
        cases = len(loaded.golden.cases)
        report.ok("golden vectors", f"{cases} cases give on {CPU_FLOAT32.name} what they should")


def check_plan(report: Findings, loaded: Bundle, options: ServingOptions) -> None:
    """Add which plan would serve with ``options``, by what policy_node measured before."""
    with report.attempt("plan"):
        candidates = options.candidates(loaded, ort.get_available_providers())
        if candidates == (CPU_FLOAT32,):
            report.ok("plan", f"{CPU_FLOAT32.name} would serve, the only candidate")
            return
        cache = VerdictCache(key_of(loaded, options.thread_count))
        known = cache.read()
        verdicts = {plan: known[plan.name] for plan in candidates if plan.name in known}
        for complaint in cache.complaints:
            report.warning("plan", complaint)
        for plan, verdict in verdicts.items():
            if verdict.refusal == "fault":
                report.warning("plan", f"{plan.name}: {verdict.reason}", "a plan that works")
        names = ", ".join(plan.name for plan in candidates)
        if len(verdicts) < len(candidates):
            report.ok("plan", f"{names} are measured when policy_node is configured with auto")
            return
        able = ranked(loaded, candidates, verdicts)
        report.ok("plan", f"{able[0].name} would serve with auto, of {names}")
