# SPDX-License-Identifier: Apache-2.0
"""How long the steps of an episode take, and whether the loop keeps its rate."""

from dataclasses import dataclass, field
from itertools import compress

from rlcg_core.statistics import median, percentile


@dataclass
class StepMeter:
    """Timings of one episode.

    ``step_ms``: from the frame in hand to its command published. ``image_to_command_ms``: from the
    image's publication, by its source timestamp, to its command published. ``network_ran``: False
    for steps that a rule alone decided, which are faster. ``run_ms``: of the step, what the network
    took; 0 where it did not run.
    """

    step_ms: list[float] = field(default_factory=list)
    image_to_command_ms: list[float] = field(default_factory=list)
    network_ran: list[bool] = field(default_factory=list)
    run_ms: list[float] = field(default_factory=list)
    _begun_s: list[float] = field(default_factory=list)

    def note(
        self,
        begun_s: float,
        ended_s: float,
        image_to_command_ms: float,
        network_ran: bool,
        run_ms: float,
    ) -> None:
        """Take in one step: begin and end on the monotonic clock [s]."""
        self.network_ran.append(network_ran)
        self.run_ms.append(run_ms)
        self._begun_s.append(begun_s)
        self.step_ms.append(1e3 * (ended_s - begun_s))
        self.image_to_command_ms.append(image_to_command_ms)

    @property
    def rate_hz(self) -> float | None:
        """Return the achieved rate over the episode, None before the second step."""
        if len(self._begun_s) < 2:
            return None
        return (len(self._begun_s) - 1) / (self._begun_s[-1] - self._begun_s[0])

    def summary(self) -> dict[str, float | None]:
        """Return what the steps that ran the network took, and the rate, rounded for people."""
        outside_ms = [step - run for step, run in zip(self.step_ms, self.run_ms, strict=True)]
        delays_ms = self._with_network(self.image_to_command_ms)
        values = {
            "step_ms_median": median(self._with_network(self.step_ms)),
            "outside_run_ms_median": median(self._with_network(outside_ms)),
            "image_to_command_ms_median": median(delays_ms),
            "image_to_command_ms_p95": percentile(delays_ms, 95.0),
            "image_to_command_ms_p99": percentile(delays_ms, 99.0),
            "image_to_command_ms_max": max(delays_ms, default=None),
            "rate_hz": self.rate_hz,
        }
        return {k: None if v is None else round(v, 2) for k, v in values.items()}

    def _with_network(self, values_ms: list[float]) -> list[float]:
        return list(compress(values_ms, self.network_ran))

    def complaint(self, wanted_hz: float, share: float = 0.9) -> str:
        """Return one line if the loop was slower than ``share`` of the wanted rate."""
        rate_hz = self.rate_hz
        if rate_hz is None or rate_hz >= share * wanted_hz:
            return ""
        return (
            f"{rate_hz:.2f} decisions per second, {wanted_hz:g} wanted: the camera, the model or "
            "the machine is too slow; lower rate_hz"
        )
