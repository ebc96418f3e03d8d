# SPDX-License-Identifier: Apache-2.0
"""What the two processes of the latency measurement saw, decision by decision."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rlcg_core.errors import DataError


@dataclass
class LatencyRecord:
    """Times of the decisions that ran the network [ms]; the lists of the policy are parallel.

    ``step_ms``: frame handed to policy_node -> command published, by policy_node; ``run_ms``: of
    that, the network's run.
    ``image_to_command_ms``: image published (its DDS source timestamp) -> command published, by
    policy_node. ``round_trip_ms``: image published -> command received, by the camera's process;
    of all commands. ``image_rate_hz``: what the camera reached.
    """

    step_ms: list[float] = field(default_factory=list)
    run_ms: list[float] = field(default_factory=list)
    image_to_command_ms: list[float] = field(default_factory=list)
    round_trip_ms: list[float] = field(default_factory=list)
    episodes: int = 0
    image_rate_hz: float = 0.0

    def write(self, path: Path) -> None:
        """Write the record as JSON."""
        path.write_text(json.dumps(asdict(self)))

    @property
    def outside_ms(self) -> list[float]:
        """Return what each step took besides the network's run."""
        return [step - run for step, run in zip(self.step_ms, self.run_ms, strict=True)]

    @classmethod
    def read(cls, path: Path) -> "LatencyRecord":
        """Read a record; raises `DataError` if there is none."""
        try:
            return cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise DataError(f"{path.name} is no record of latency_node: {error}") from error
