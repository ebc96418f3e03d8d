# SPDX-License-Identifier: Apache-2.0
"""Chooses the plan that serves a bundle: measure, refuse, take the fastest, prove, replace."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import onnxruntime as ort

from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError, ConfigError, RlcgError
from rlcg_core.manifest import GraphForm
from rlcg_policy import plans
from rlcg_policy.graph_runner import GraphRunner, open_form
from rlcg_policy.measure import check_same_answer, check_same_network
from rlcg_policy.plans import CPU_FLOAT32, Plan
from rlcg_policy.probe import probe
from rlcg_policy.serving_options import ServingOptions
from rlcg_policy.verdict import Verdict
from rlcg_policy.verdicts import VerdictCache, key_of

# Precision is given up only for a gain beyond the noise of the measurement.
WORTHWHILE = 1.1
Prober = Callable[[Bundle, Plan, int], Verdict]


@dataclass(frozen=True)
class Serving:
    """The plan in use, and its graph as opened."""

    plan: Plan
    form: GraphForm
    runner: GraphRunner

    def __str__(self) -> str:
        """Return the plan and the size of its search."""
        return f"{self.plan.name} {self.form.iterations}x{self.form.samples}"


def ranked(
    bundle: Bundle, candidates: Sequence[Plan], verdicts: Mapping[Plan, Verdict]
) -> list[Plan]:
    """Return the candidates that no verdict refuses, the fastest first; all, if none is known."""
    budget = bundle.manifest.graphs[0].budget
    able = [plan for plan in candidates if plan not in verdicts or verdicts[plan].ok]
    if not verdicts:
        return able
    costs_ms = {plan: verdicts[plan].wall_ms(budget) for plan in able}
    return sorted(able, key=lambda p: costs_ms[p] * (1.0 if p.exact else WORTHWHILE))


class PlanRoster:
    """The plans of a bundle on this machine, with what was found out about them.

    Nothing is measured where there is nothing to choose: cpu-float32 alone, the full search.
    """

    def __init__(
        self,
        bundle: Bundle,
        options: ServingOptions,
        prober: Prober = probe,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Measure or remember; raises `ConfigError` for an explicit plan that is not there.

        ``tell`` gets a line before each measurement, which takes seconds.
        """
        self._bundle, self._options, self._prober, self._tell = bundle, options, prober, tell
        self._threads = options.thread_count
        self._candidates = options.candidates(bundle, ort.get_available_providers())
        self._verdicts: dict[Plan, Verdict] = {}
        self._remembered: set[Plan] = set()
        self._cache: VerdictCache | None = None
        self._known: dict[str, Verdict] = {}
        self._configured, self._slow = False, ""
        if self._candidates != (CPU_FLOAT32,) or options.deadline_ms > 0.0:
            self._judge_all()

    @property
    def asked(self) -> str:
        """Return what was asked for."""
        return f"plan {self._options.plan}, provider {self._options.provider}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a user could expect otherwise: faults, an unusable cache, a late search."""
        known = " (remembered; probe_cache false measures again)"
        found = [
            f"{p.name}: {v.reason}{known if p in self._remembered else ''}"
            for p, v in self._verdicts.items()
            if v.refusal == "fault"
        ]
        found += self._cache.complaints if self._cache is not None else []
        return tuple([*found, self._slow] if self._slow else found)

    def table(self) -> dict[str, str]:
        """Return one line per plan."""
        unknown = "not measured, there is nothing to choose from"
        return {p.name: str(self._verdicts.get(p, unknown)) for p in self._candidates}

    def open_best(self) -> Serving:
        """Return the fastest plan that proves itself here.

        Raises `BundleError` if none is left, `ConfigError` if what is left out was explicit.
        """
        while ranked := self._ranked():
            try:
                serving = self._open(ranked[0])
            except RlcgError as error:
                self._doubt(ranked[0], str(error))
            else:
                self._configured = True
                return serving
        reasons = "; ".join(f"{plan.name}: {v.reason}" for plan, v in self._verdicts.items())
        if self._options.explicit:
            raise ConfigError(f"{self._options.explicit} cannot serve: {reasons}")
        raise BundleError(f"no plan can serve {self._bundle.manifest.name}: {reasons}")

    def refuse(self, plan: Plan, reason: str) -> None:
        """Never open this plan again."""
        self._remembered.discard(plan)
        self._verdicts[plan] = Verdict(plan.name, "fault", reason)

    def _judge_all(self) -> None:
        if self._options.probe_cache:
            self._cache = VerdictCache(key_of(self._bundle, self._threads))
            self._known = self._cache.read()
        for plan in self._candidates:
            if plan.name in self._known:
                self._verdicts[plan] = self._known[plan.name]
                self._remembered.add(plan)
            else:
                self._measure(plan)
        if len(self._remembered) < len(self._candidates):
            self._keep()

    def _measure(self, plan: Plan) -> None:
        self._tell(f"measuring plan {plan.name}")
        self._verdicts[plan] = self._prober(self._bundle, plan, self._threads)

    def _keep(self) -> None:
        """Remember what was found out now, and what was known of plans that were not asked for."""
        self._known |= {plan.name: verdict for plan, verdict in self._verdicts.items()}
        if self._cache is not None:
            self._cache.write(self._known)

    def _doubt(self, plan: Plan, reason: str) -> None:
        """Refuse a plan that did not prove itself; measure it again if that was long ago.

        Between episodes nothing is measured: the node must answer.
        """
        if self._configured or plan not in self._remembered:
            self.refuse(plan, reason)
            return
        self._remembered.discard(plan)
        self._measure(plan)
        self._keep()

    def _ranked(self) -> list[Plan]:
        """Return the plans that may serve, the fastest first."""
        return ranked(self._bundle, self._candidates, self._verdicts)

    def _open(self, plan: Plan) -> Serving:
        """Open and prove a plan, with the search that the deadline allows."""
        full, verdict = plans.forms(self._bundle, plan)[0], self._verdicts.get(plan)
        runner = open_form(self._bundle, full, plan, self._threads)
        if plan.exact:
            runner.replay()
        if verdict is not None and verdict.first is not None:
            check_same_answer(self._bundle, runner, verdict.first)
        form = self._affordable(plan, verdict)
        if form != full:
            smaller = open_form(self._bundle, form, plan, self._threads)
            check_same_network(self._bundle, plan, runner, smaller)
            runner = smaller
        return Serving(plan, form, runner)

    def _affordable(self, plan: Plan, verdict: Verdict | None) -> GraphForm:
        """Return the greatest search within the deadline, the smallest one if none is."""
        forms, limit_ms = plans.forms(self._bundle, plan), self._options.deadline_ms
        self._slow = ""
        if verdict is None or limit_ms <= 0.0:
            return forms[0]
        for form in forms:
            if verdict.wall_ms(form.budget) <= limit_ms:
                return form
        smallest = forms[-1]
        self._slow = (
            f"{plan.name}: the smallest search takes {verdict.wall_ms(smallest.budget):.0f} ms, "
            f"deadline_ms is {limit_ms:g}: raise it"
        )
        return smallest
