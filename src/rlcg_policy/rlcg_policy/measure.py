# SPDX-License-Identifier: Apache-2.0
"""Measures a plan: does it compute what was tested, how well does it choose, how long does it take.

It is meant to run in a process of its own (`rlcg_policy.probe`): what is measured may crash.
"""

import time

import numpy as np

from rlcg_core import regret
from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError
from rlcg_core.manifest import GraphForm
from rlcg_core.regret import Regret, same_goal
from rlcg_policy.graph_runner import GraphRunner, open_form
from rlcg_policy.plans import CPU_FLOAT32, Plan, forms
from rlcg_policy.sessions import node_share
from rlcg_policy.verdict import Answer, Timing, Verdict

WARM_UP_RUNS = 3
TIMED_RUNS = 5
# Reduced precision may round a little differently for another number of samples.
REDUCED_Q_TOLERANCE = 0.02


def measure(bundle: Bundle, plan: Plan, threads: int) -> Verdict:
    """Return the verdict on a plan that the bundle has graphs for.

    Raises `RlcgError` where the plan does not do what the runtime offers: that is a fault.
    """
    full, *smaller = forms(bundle, plan)
    runner = open_form(bundle, full, plan, threads)
    if plan.exact:
        runner.replay()
    answers = [runner.answer(runner.frame_inputs(frame)) for frame in bundle.frames]
    found = _compare(bundle, plan, answers, threads)
    timings = [_time(runner, full)]
    for form in smaller:
        other = open_form(bundle, form, plan, threads)
        check_same_network(bundle, plan, runner, other)
        timings.append(_time(other, form))
    text = _complaint(plan, found)
    share = node_share(runner.session, plan)
    first = answers[0] if answers else None
    return Verdict(plan.name, "quality" if text else "", text, tuple(timings), found, share, first)


def check_same_network(bundle: Bundle, plan: Plan, full: GraphRunner, smaller: GraphRunner) -> None:
    """Raise `BundleError` unless the graph of a smaller search gives a sample the same Q."""
    wanted = full.answer(full.golden_inputs(0))
    found = smaller.score(smaller.golden_inputs(0), wanted.goal)
    tolerance = bundle.golden.tolerance["q"] if plan.exact else REDUCED_Q_TOLERANCE
    if abs(found - wanted.q_value) > tolerance:
        raise BundleError(
            f"the graph of {smaller.noise_shape[0]}x{smaller.noise_shape[1]} gives Q {found:.4f} "
            f"where that of the full search gives {wanted.q_value:.4f}: export the model again"
        )


def check_same_answer(bundle: Bundle, runner: GraphRunner, wanted: Answer) -> None:
    """Raise `BundleError` unless the first stored frame is answered as it was when measured."""
    if not bundle.frames:
        raise BundleError("it was measured on frames that the bundle does not have")
    found = runner.answer(runner.frame_inputs(bundle.frames[0]))
    q_apart = abs(found.q_value - wanted.q_value)
    if not same_goal(found.goal, wanted.goal) or q_apart > bundle.golden.tolerance["q"]:
        raise BundleError(
            f"the first stored frame gives Q {found.q_value:.4f}, when measured it gave "
            f"{wanted.q_value:.4f}: the runtime does not repeat itself"
        )


def _compare(bundle: Bundle, plan: Plan, answers: list[Answer], threads: int) -> Regret | None:
    """Return the regret on the stored frames, None without any."""
    if not bundle.frames:
        return None
    pairs = list(zip(bundle.frames, answers, strict=True))
    same = [same_goal(frame.goal, answer.goal) for frame, answer in pairs]
    if plan.exact and not all(same):
        raise BundleError(
            f"float32 chooses another sample than recorded on {same.count(False)} of "
            f"{len(same)} stored frames: the runtime does not compute what was tested"
        )
    q_fast = [frame.q_value for frame in bundle.frames]
    if not plan.exact:
        # Any exact graph gives a sample the same Q; that of the smallest search is the cheapest.
        judge = open_form(bundle, forms(bundle, CPU_FLOAT32)[-1], CPU_FLOAT32, threads)
        q_fast = [judge.worth(judge.frame_inputs(frame), answer) for frame, answer in pairs]
    q_exact = [frame.q_value for frame in bundle.frames]
    others = [frame.other_q_values for frame in bundle.frames]
    return regret.compare(q_exact, q_fast, others, same)


def _complaint(plan: Plan, found: Regret | None) -> str:
    if plan.exact:
        return ""
    return "no stored frames to judge it on" if found is None else found.complaint


def _time(runner: GraphRunner, form: GraphForm) -> Timing:
    inputs = runner.golden_inputs(0)
    wall_ms: list[float] = []
    cpu_ms: list[float] = []
    for _ in range(WARM_UP_RUNS + TIMED_RUNS):
        begun_s = time.process_time()
        runner.run(inputs)
        cpu_ms.append(1e3 * (time.process_time() - begun_s))
        wall_ms.append(runner.run_ms)
    middle = [float(np.median(values[WARM_UP_RUNS:])) for values in (wall_ms, cpu_ms)]
    return Timing(form.iterations, form.samples, *middle)
