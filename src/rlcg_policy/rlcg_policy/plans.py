# SPDX-License-Identifier: Apache-2.0
"""Plans: which execution provider runs a bundle's graphs, and in which precision."""

from collections.abc import Collection
from dataclasses import dataclass

from rlcg_core.bundle import Bundle
from rlcg_core.errors import ConfigError
from rlcg_core.manifest import GraphForm

PROVIDERS = {
    "tensorrt": "TensorrtExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
PROVIDER_CHOICES = ("auto", *PROVIDERS)
GPU_PROVIDERS = ("tensorrt", "cuda")


@dataclass(frozen=True)
class Plan:
    """A provider, and the precision that it computes in."""

    provider: str
    precision: str

    @property
    def name(self) -> str:
        """Return ``<provider>-<precision>``."""
        return f"{self.provider}-{self.precision}"

    @property
    def exact(self) -> bool:
        """Whether the plan must choose what the full float32 graph chooses."""
        return self.precision == "float32"

    @property
    def graph_precision(self) -> str:
        """Return the precision of the graphs it runs; bfloat16 and float16 are the provider's."""
        return "int8" if self.precision == "int8" else "float32"


# From the one that is most often the fastest; where two are equally fast, the first one serves.
ALL = (
    Plan("tensorrt", "float16"),
    Plan("tensorrt", "float32"),
    Plan("cuda", "float32"),
    Plan("openvino", "int8"),
    Plan("openvino", "bfloat16"),
    Plan("openvino", "float32"),
    Plan("cpu", "int8"),
    Plan("cpu", "float32"),
)
CPU_FLOAT32 = ALL[-1]
PLAN_CHOICES = ("auto", *(plan.name for plan in ALL))


def named(name: str) -> Plan:
    """Return the plan of a name; raises `ConfigError`."""
    for plan in ALL:
        if plan.name == name:
            return plan
    raise ConfigError(f"plan is {name!r}, expected one of {', '.join(PLAN_CHOICES)}")


def forms(bundle: Bundle, plan: Plan) -> tuple[GraphForm, ...]:
    """Return the graphs that the plan may run, the greatest search first."""
    found = [form for form in bundle.manifest.graphs if form.precision == plan.graph_precision]
    return tuple(sorted(found, key=lambda form: form.iterations * form.samples, reverse=True))


def full_form(bundle: Bundle, plan: Plan) -> GraphForm | None:
    """Return the plan's graph of the bundle's full search, None if the bundle has none."""
    budget = bundle.manifest.graphs[0].budget
    return next((form for form in forms(bundle, plan) if form.budget == budget), None)


def candidates(bundle: Bundle, offered_providers: Collection[str]) -> tuple[Plan, ...]:
    """Return the plans that the bundle has graphs for and the runtime offers, in a fixed order.

    ``offered_providers``: `onnxruntime.get_available_providers()`. The last is cpu-float32, which
    is always there.
    """
    return tuple(
        plan
        for plan in ALL
        if plan == CPU_FLOAT32
        or (PROVIDERS[plan.provider] in offered_providers and full_form(bundle, plan) is not None)
    )
