# SPDX-License-Identifier: Apache-2.0
"""policy_node on a device that vanishes after a few frames; what is opened then works."""

import numpy as np

from rlcg_policy import policy_node
from rlcg_policy.plan_roster import PlanRoster, Serving
from rlcg_policy.sessions import Session

FRAMES = 3


class Vanishing:
    """A session whose device is gone after `FRAMES` runs."""

    def __init__(self, inner: Session) -> None:
        self._inner, self._left = inner, FRAMES

    def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        self._left -= 1
        if self._left < 0:
            raise RuntimeError("CUDA failure 100: no CUDA-capable device is detected")
        return self._inner.run(names, inputs)


def main() -> None:
    open_best, opened = PlanRoster.open_best, []

    def first_vanishes(roster: PlanRoster) -> Serving:
        serving = open_best(roster)
        if not opened:
            serving.runner.session = Vanishing(serving.runner.session)
        opened.append(serving)
        return serving

    PlanRoster.open_best = first_vanishes
    policy_node.main()


if __name__ == "__main__":
    main()
