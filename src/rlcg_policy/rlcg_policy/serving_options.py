# SPDX-License-Identifier: Apache-2.0
"""How a bundle is to be served, and which plans that leaves."""

from collections.abc import Collection
from dataclasses import dataclass

from rlcg_core.bundle import Bundle
from rlcg_core.errors import ConfigError
from rlcg_policy import plans
from rlcg_policy.plans import PLAN_CHOICES, PROVIDER_CHOICES, PROVIDERS, Plan
from rlcg_policy.processor import default_threads


@dataclass(frozen=True)
class ServingOptions:
    """What the user asks for. ``threads`` 0 means `default_threads`.

    ``deadline_ms``: the greatest search is taken that decides within it; 0 takes the full one.
    ``probe_cache``: whether verdicts of earlier starts may be used, and are kept for later ones.
    """

    plan: str = "auto"
    provider: str = "auto"
    threads: int = 0
    deadline_ms: float = 0.0
    warm_start: bool = False
    probe_cache: bool = True

    def __post_init__(self) -> None:
        if self.provider not in PROVIDER_CHOICES:
            raise ConfigError(
                f"provider is {self.provider!r}, expected one of {', '.join(PROVIDER_CHOICES)}"
            )
        if self.plan not in PLAN_CHOICES:
            raise ConfigError(f"plan is {self.plan!r}, expected one of {', '.join(PLAN_CHOICES)}")
        both = "auto" not in (self.plan, self.provider)
        if both and plans.named(self.plan).provider != self.provider:
            raise ConfigError(
                f"plan {self.plan} does not run on provider {self.provider}: set one to auto"
            )

    @property
    def explicit(self) -> str:
        """Return what must be honoured, as "plan cpu-int8", empty if both are auto."""
        if self.plan != "auto":
            return f"plan {self.plan}"
        return "" if self.provider == "auto" else f"provider {self.provider}"

    @property
    def thread_count(self) -> int:
        """Return the number of threads that a session gets."""
        return self.threads or default_threads()

    def candidates(self, bundle: Bundle, offered: Collection[str]) -> tuple[Plan, ...]:
        """Return the plans to choose from; raises `ConfigError` if what is explicit has none.

        ``offered``: the full names of the providers that this runtime has.
        """
        provider = plans.named(self.plan).provider if self.plan != "auto" else self.provider
        if provider != "auto" and PROVIDERS[provider] not in offered:
            raise ConfigError(
                f"provider {provider} is not in this onnxruntime, it offers {list(offered)}: "
                "install a build with it or set provider and plan to auto"
            )
        found = [
            plan
            for plan in plans.candidates(bundle, offered)
            if self.plan in ("auto", plan.name) and provider in ("auto", plan.provider)
        ]
        if not found:
            forms = ", ".join(form.file for form in bundle.manifest.graphs)
            raise ConfigError(
                f"{self.explicit} has no graph in {bundle.manifest.name}, which has {forms}: "
                "quantize the model or set plan to auto"
            )
        return tuple(found)
