# SPDX-License-Identifier: Apache-2.0
"""How fast steps are carried out: slower on request, slowest just after an activation."""

from rlcg_core.errors import ConfigError


class SpeedRamp:
    """Gives the share of the allowed speed for the next step.

    Step i of the first ``ramp_steps`` after `begin` runs at (i + 1) / (ramp_steps + 1) of
    ``speed_scale``, every later one at ``speed_scale``.
    """

    def __init__(self, speed_scale: float, ramp_steps: int) -> None:
        self._ramp_steps = ramp_steps
        self.set_scale(speed_scale)
        self.begin()

    def set_scale(self, speed_scale: float) -> None:
        """Use another scale from the next step on; raises `ConfigError` outside (0, 1]."""
        if not 0.0 < speed_scale <= 1.0:
            raise ConfigError(f"speed_scale is {speed_scale}, expected above 0 and at most 1")
        self._speed_scale = speed_scale

    def begin(self) -> None:
        """Start from the slowest again."""
        self._steps = 0

    def note_step(self) -> None:
        """A step was sent."""
        self._steps += 1

    @property
    def scale(self) -> float:
        """Share of the allowed speed for the next step, above 0 and at most 1."""
        part = min(self._steps + 1, self._ramp_steps + 1) / (self._ramp_steps + 1)
        return self._speed_scale * part
