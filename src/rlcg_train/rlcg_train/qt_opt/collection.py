# SPDX-License-Identifier: Apache-2.0
"""Collect episodes into logs: one process per log, seeded by episode, resumable.

A source is a folder of logs ``actor_0``, ``actor_1``, ...; actor k of n plays the scenes k, k + n,
... so that scenes are never shared and a rerun goes on where each actor stopped. A learned actor
looks for fresher weights before every episode.
"""

import multiprocessing
import os
from dataclasses import dataclass
from multiprocessing.synchronize import Event as StopEvent
from pathlib import Path

import numpy as np

from rlcg_core import seeds, spec
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import WorldError
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_sim.renderer import draw_with_one_thread
from rlcg_train.adapt.adapted_camera import AdaptedCamera
from rlcg_train.qt_opt.behaviours import BehaviourSettings, make
from rlcg_train.qt_opt.episode import Behaviour, run_episode
from rlcg_train.qt_opt.episode_log import EpisodeWriter
from rlcg_train.qt_opt.log_format import STEP, LogDescription

# Scenes of each source: training's own range, apart from those of other commands.
FIRST_SCENE = 2**36
SCENES_PER_SOURCE = 2**30
HALF_PX = spec.CROP_PX // 2


@dataclass(frozen=True)
class CollectionSettings:
    """What a source collects. ``episodes``: for all actors together; 0 until told to stop.

    ``source``: number of the source, so that sources never share scenes. ``through``: checkpoint
    of a generator through which actor and log see simulation, None for none.
    """

    folder: Path
    urdf: Path
    behaviour: BehaviourSettings
    episodes: int = 0
    source: int = 0
    objects: str = "mixed_train"
    side_px: int = HALF_PX
    renderer: str = "auto"
    actors: int = 1
    through: Path | None = None


def scene_number(source: int, actor: int, actors: int, episode: int) -> int:
    """Return the number of a scene within training's range."""
    return FIRST_SCENE + source * SCENES_PER_SOURCE + episode * actors + actor


def collect(settings: CollectionSettings, actor: int, stop: StopEvent | None = None) -> int:
    """Play the episodes of one actor that lack; return how many its log has."""
    draw_with_one_thread()
    parent = os.getppid()
    behaviour = make(settings.behaviour)
    see = AdaptedCamera(settings.through) if settings.through else None
    with PyBulletWorld(ROBOT1, settings.urdf, renderer=settings.renderer) as world:
        description = LogDescription(
            settings.side_px,
            tuple(world.camera.projection_base_to_px().astype(np.float32).ravel().tolist()),
            world.renderer + (f" through {settings.through}" if settings.through else ""),
            settings.behaviour.kind,
        )
        with EpisodeWriter(settings.folder / f"actor_{actor}", description) as log:
            while not _done(settings, len(log.episodes), actor):
                if (stop is not None and stop.is_set()) or os.getppid() != parent:
                    break
                _one_episode(settings, actor, world, behaviour, log, see)
            return len(log.episodes)


def _done(settings: CollectionSettings, played: int, actor: int) -> bool:
    """Whether an actor has played its share."""
    return bool(settings.episodes) and played * settings.actors + actor >= settings.episodes


def _one_episode(
    settings: CollectionSettings,
    actor: int,
    world: PyBulletWorld,
    behaviour: Behaviour,
    log: EpisodeWriter,
    see: AdaptedCamera | None,
) -> None:
    number = scene_number(settings.source, actor, settings.actors, len(log.episodes))
    seed = seeds.training_seed(number)
    try:
        world.reset(seed, settings.objects)
    except WorldError:
        # A bin that never settles is no scene; an empty episode stands for it in the count.
        empty = np.zeros((0, settings.side_px, settings.side_px, 3), np.uint8)
        log.append(empty, np.zeros(0, STEP), number, False)
        return
    rng = np.random.default_rng([seed, 5])
    episode = run_episode(world, behaviour, rng, settings.side_px, see=see)
    log.append(*episode.stacked(), number, episode.success)


def start_actors(
    settings: CollectionSettings, stop: StopEvent | None = None
) -> list[multiprocessing.Process]:
    """Start a process for each actor; they end when told to, when done, or with their parent."""
    context = multiprocessing.get_context("spawn")
    actors = [
        context.Process(target=collect, args=(settings, actor, stop), daemon=True)
        for actor in range(settings.actors)
    ]
    for process in actors:
        process.start()
    return actors  # type: ignore[return-value]
