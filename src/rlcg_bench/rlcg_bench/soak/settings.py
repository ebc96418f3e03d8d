# SPDX-License-Identifier: Apache-2.0
"""What a soak is asked to be: words name:=value, as a launch file takes them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from rlcg_core.errors import ConfigError
from rlcg_core.parameters import from_values, infos, param


@dataclass(frozen=True)
class SoakSettings:
    """How long, in which world, and what is kept. ``warmup``: see `warmup_s`."""

    minutes: float = param(60.0, "how long the graph grasps", low=0.2, high=10_080.0)
    backend: str = param("sim", "physics, or a mock without it", choices=("sim", "mock"))
    lockstep: bool = param(True, "the simulation waits for each command; else real time")
    model: str = param("robot1_grasp_success", "bundle: a name in models/ or a path")
    renderer: str = param("auto", "renderer of the camera", choices=("auto", "egl", "tiny"))
    grasps: int = param(102, "grasps of each evaluation, one after the other", low=1, high=10_000)
    seed: int = param(1, "seed of the first evaluation's scenes", low=0, high=2**20)
    warmup_minutes: float = param(
        10.0, "beginning that is not judged, a third of the soak at most", low=0.0, high=600.0
    )
    period_s: float = param(5.0, "time between two samples", low=0.2, high=600.0)
    bags: int = param(20, "bags to keep; older ones are counted and deleted", low=1, high=100_000)
    run_directory: str = param("runs", "folder of the reports; each soak gets its own in it")
    resume: str = param("", "go on with this soak: latest-soak, or its folder")

    @property
    def duration_s(self) -> float:
        """How long the graph grasps [s]."""
        return 60.0 * self.minutes

    @property
    def warmup_s(self) -> float:
        """How long a session runs until it is judged [s]: caches, arenas and rings fill first."""
        return min(60.0 * self.warmup_minutes, self.duration_s / 3.0)


def parse(words: Sequence[str]) -> SoakSettings:
    """Return the settings that words like ``minutes:=60`` ask for; raises `ConfigError`."""
    kinds = {one.name: type(one.default) for one in fields(SoakSettings)}
    given: dict[str, Any] = {}
    for word in words:
        name, _, text = word.partition(":=")
        if not name or not text:
            raise ConfigError(f"found the argument '{word}', expected name:=value")
        given[name] = _value(name, text, kinds.get(name, str))
    return from_values(SoakSettings, given)


def describe() -> str:
    """Return a line per setting: name, default and what it is."""
    defaults, known = asdict(SoakSettings()), infos(SoakSettings)
    return "\n".join(
        f"  {name}:={_text(defaults[name])}".ljust(30) + info.description
        for name, info in known.items()
    )


def _value(name: str, text: str, kind: type) -> Any:
    if kind is bool:
        if text not in ("true", "false"):
            raise ConfigError(f"found {name}:={text}, expected true or false")
        return text == "true"
    try:
        return kind(text)
    except ValueError:
        expected = "a whole number" if kind is int else "a number"
        raise ConfigError(f"found {name}:={text}, expected {expected}") from None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
