# SPDX-License-Identifier: Apache-2.0
"""Fills a folder with logged episodes: parallel, seeded by number, resumable at any moment.

All steps of an episode are kept with their pictures, so that transitions can be learned from.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from tqdm import tqdm

from rlcg_core import bundle, seeds
from rlcg_core.bin_content import Filling
from rlcg_core.episode_files import EPISODE
from rlcg_core.errors import WorldError
from rlcg_core.ports import Policy
from rlcg_core.reasons import Outcome
from rlcg_core.robots import ROBOTS, Robot
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.serving_options import ServingOptions
from rlcg_proxy.lab_script import LabScript
from rlcg_proxy.play import play
from rlcg_proxy.worlds import REAL_PROXY, ProxyWorlds
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_sim.renderer import draw_with_one_thread
from rlcg_train import logged
from rlcg_train.processes import processes

# Scenes of the log: training's own range, apart from those of all other commands.
FIRST_LOGGED = 2**37
JPEG_QUALITY = 95
OBJECTS = "proxy_train"
# So many scenes are tried for each episode: a bin that never settles is no scene.
TRIES = 4


@dataclass(frozen=True)
class LogSettings:
    """What to log. ``model``: a bundle that acts; the lab's script if there is none."""

    out: Path
    urdf: Path
    episodes: int = 5000
    first: int = 0
    workers: int = 2
    model: Path | None = None
    robot: Robot = ROBOTS["robot1"]


def fill_log(settings: LogSettings) -> float:
    """Log the episodes that lack; return the share of successes among those."""
    settings.out.mkdir(parents=True, exist_ok=True)
    numbers = range(settings.first, settings.first + settings.episodes)
    missing = [n for n in numbers if not (_folder(settings, n) / EPISODE).is_file()]
    outcomes: list[Outcome] = []
    with processes(settings.workers, _open, (settings,), _close) as over:
        done = len(numbers) - len(missing)
        jobs = over(_log_one, missing)
        bar = tqdm(jobs, total=len(numbers), initial=done, unit="episode", desc=settings.out.name)
        for outcome in bar:
            outcomes.append(outcome)
            bar.set_postfix(success=f"{outcomes.count(Outcome.SUCCESS) / len(outcomes):.2f}")
    return outcomes.count(Outcome.SUCCESS) / max(1, len(outcomes))


def _folder(settings: LogSettings, number: int) -> Path:
    return settings.out / f"{number:06d}"


@dataclass(frozen=True)
class _Bench:
    """What one worker process keeps from episode to episode."""

    settings: LogSettings
    world: PyBulletWorld
    policy: Policy


_BENCHES: list[_Bench] = []


def _open(settings: LogSettings) -> None:
    draw_with_one_thread()
    world = ProxyWorlds(cell=settings.robot.cell)(settings.urdf, "egl")
    _BENCHES[:] = [_Bench(settings, world, _policy(settings))]


def _close() -> None:
    _BENCHES.pop().world.close()


def _policy(settings: LogSettings) -> Policy:
    if settings.model is None:
        return LabScript(settings.robot)
    return OnnxPolicy(bundle.load(settings.model), ServingOptions(plan="cpu-float32", threads=1))


def _log_one(number: int) -> Outcome:
    bench = _BENCHES[0]
    seed = _set_up(bench, number)
    played = play(bench.world, bench.policy, seed, keep_frames=True)
    name = bench.settings.model.name if bench.settings.model else "lab script"
    episode = logged.LoggedEpisode(
        source=f"{REAL_PROXY}, objects {OBJECTS}, {name}",
        frames=played.frames,
        decisions=played.decisions,
        outcome=played.outcome,
        judge="simulator",
        about={"policy": name},
    )
    logged.write(_folder(bench.settings, number), episode, JPEG_QUALITY)
    return played.outcome


def _set_up(bench: _Bench, number: int) -> int:
    """Fill the bin for an episode; the script looks at the empty tray first."""
    for seed in islice(_seeds(number), TRIES):
        try:
            if isinstance(bench.policy, LabScript):
                nothing = Filling(without=tuple(range(bench.world.cell.objects_per_scene)))
                bench.world.reset(seed, OBJECTS, nothing)
                bench.policy.see_empty(bench.world.render())
            bench.world.reset(seed, OBJECTS)
        except WorldError:
            continue
        return seed
    raise WorldError(f"{TRIES} scenes for episode {number} never settled: leave its number out")


def _seeds(number: int) -> Iterator[int]:
    return (seeds.training_seed(FIRST_LOGGED + number * TRIES + k) for k in count())
