# SPDX-License-Identifier: Apache-2.0
"""Evaluation protocols as data, and the list of trials that each of them means.

``robot1``: Rao et al. 2020 (RL-CycleGAN), appendix: each robot grasps 102 times from its own six
unseen objects, and a grasped object goes back into the bin. ``robot2_single_bin`` and
``robot2_multi_bin``: six robots, six grasps each from six objects, three times over, 108 in all;
a grasped object is put outside the bin. ``scenes``: every grasp on a bin of its own, so that
grasps are independent and two models are compared scene by scene.
"""

from dataclasses import dataclass, replace
from enum import Enum

from rlcg_core.errors import ConfigError
from rlcg_core.seeds import GRASPS_PER_SEED, evaluation_seed

MAX_SLOTS = 64


class Replacement(Enum):
    """What becomes of a grasped object."""

    NEW_SCENE = "new_scene"
    WITH = "with"
    WITHOUT = "without"


@dataclass(frozen=True)
class Protocol:
    """What is done how often.

    A slot is a robot of the paper: its objects and its place before the bins. ``slots`` 0 means
    one per robot that is there. ``placements``: place of the bins for each slot in turn; an empty
    name is the only place there is. ``objects_in_bin`` 0 leaves the number to the world.
    """

    name: str
    slots: int
    rounds: int
    grasps_per_round: int
    objects_in_bin: int
    replacement: Replacement
    placements: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class Trial:
    """One grasp to be made. ``objects_seed`` 0: the scene's own seed draws the objects."""

    index: int
    slot: int
    robot: int
    round: int
    number: int
    placement: str
    scene_seed: int
    objects_seed: int


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol("scenes", 0, 1, 6, 0, Replacement.NEW_SCENE),
        Protocol("robot1", 0, 1, 102, 6, Replacement.WITH),
        Protocol("robot2_single_bin", 6, 3, 6, 6, Replacement.WITHOUT, ("centre",)),
        Protocol(
            "robot2_multi_bin",
            6,
            3,
            6,
            6,
            Replacement.WITHOUT,
            ("left", "centre", "centre", "right", "offset_1", "offset_2"),
        ),
    )
}


def find(name: str, grasps: int = 0, replacement: str = "protocol") -> Protocol:
    """Return the protocol of this name, changed where asked for.

    ``grasps`` 0 keeps the protocol's number; it counts the grasps of a round of one slot, or for
    ``scenes`` all of them. ``replacement`` is "protocol", "with" or "without".
    Raises `ConfigError` for an unknown name and for a replacement that ``scenes`` cannot have.
    """
    if name not in PROTOCOLS:
        raise ConfigError(f"protocol is {name!r}, expected one of {', '.join(PROTOCOLS)}")
    found = PROTOCOLS[name]
    if grasps:
        found = replace(found, grasps_per_round=grasps)
    if replacement == "protocol":
        return found
    if found.replacement is Replacement.NEW_SCENE:
        raise ConfigError(
            f"replacement is {replacement!r}, but protocol {name} fills the bin anew for each "
            "grasp: choose protocol robot1, or leave replacement out"
        )
    return replace(found, replacement=Replacement(replacement))


def plan(protocol: Protocol, robots: int, seed: int) -> tuple[Trial, ...]:
    """Return all trials in order; a trial's seeds depend on ``seed`` and its place alone.

    Slots go to the robots in turn, so that fewer robots than slots do all the work too.
    """
    if protocol.replacement is Replacement.NEW_SCENE:
        return tuple(
            Trial(i, i % robots, i % robots, 0, i, "", evaluation_seed(seed, i), 0)
            for i in range(protocol.grasps_per_round)
        )
    slots = protocol.slots or robots
    each = protocol.rounds * protocol.grasps_per_round
    if slots > MAX_SLOTS or slots * each > GRASPS_PER_SEED - MAX_SLOTS:
        raise ConfigError(
            f"{slots} slots of {each} grasps, expected at most {MAX_SLOTS} slots and "
            f"{GRASPS_PER_SEED - MAX_SLOTS} grasps together: ask for fewer grasps or robots"
        )
    return tuple(_trial(protocol, robots, seed, index, each) for index in range(slots * each))


def _trial(protocol: Protocol, robots: int, seed: int, index: int, each: int) -> Trial:
    slot, nth = divmod(index, each)
    number_of_round, number = divmod(nth, protocol.grasps_per_round)
    return Trial(
        index=index,
        slot=slot,
        robot=slot % robots,
        round=number_of_round,
        number=number,
        placement=protocol.placements[slot % len(protocol.placements)],
        scene_seed=evaluation_seed(seed, index),
        # From the far end of the run's seeds, where no scene's seed lies.
        objects_seed=evaluation_seed(seed, GRASPS_PER_SEED - 1 - slot),
    )
