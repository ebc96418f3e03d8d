# SPDX-License-Identifier: Apache-2.0
"""Run one episode in the simulator and write down all that learning needs of it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from rlcg_core import spec
from rlcg_core.gate_checks import GateError
from rlcg_core.reasons import Outcome
from rlcg_core.types import Action, ImageArray, Observation
from rlcg_sim.motion import CellStepper
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_train.qt_opt.choice import Choice, Command, action_of, give
from rlcg_train.qt_opt.log_format import STEP, End, StepArray

STEP_LIMIT = 20


class Behaviour(Protocol):
    """Anything that acts while data is collected."""

    def begin(self, world: PyBulletWorld, rng: np.random.Generator) -> None:
        """Begin an episode in a world that was just reset."""

    def choose(self, observation: Observation) -> Choice:
        """Return what to do now."""


@dataclass
class Episode:
    """What was seen and done. ``pictures``: (side, side, 3) each; ``steps`` of `STEP`."""

    pictures: list[ImageArray] = field(default_factory=list)
    steps: list[npt.NDArray[np.void]] = field(default_factory=list)
    success: bool = False

    def stacked(self) -> tuple[ImageArray, StepArray]:
        """Return pictures (T, side, side, 3) and steps (T,)."""
        return np.stack(self.pictures), np.array(self.steps, STEP)


def crop_to(image_hwc: ImageArray, side_px: int) -> ImageArray:
    """Return the centre crop of a camera image, scaled to ``side_px`` by means of pixels."""
    rows = slice(spec.CROP_TOP_PX, spec.CROP_TOP_PX + spec.CROP_PX)
    columns = slice(spec.CROP_LEFT_PX, spec.CROP_LEFT_PX + spec.CROP_PX)
    crop = np.ascontiguousarray(image_hwc[rows, columns])
    if side_px == spec.CROP_PX:
        return crop
    small = cv2.resize(crop, (side_px, side_px), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def run_episode(
    world: PyBulletWorld,
    behaviour: Behaviour,
    rng: np.random.Generator,
    side_px: int,
    step_limit: int = STEP_LIMIT,
    see: Callable[[ImageArray], ImageArray] | None = None,
) -> Episode:
    """Run an episode in a world that was just reset.

    ``see``: what the camera's picture becomes before anyone looks at it or stores it.
    It ends with the command to terminate, rewarded with 1 if an object is held up; with an action
    that the gate refuses, a failure; or at the step limit, with an observation that nothing
    follows.
    """
    stepper, episode = CellStepper(world), Episode()
    behaviour.begin(world, rng)
    while True:
        observation = stepper.observe()
        if see is not None:
            observation = replace(observation, image_hwc=see(observation.image_hwc))
        held = world.outcome() == Outcome.SUCCESS
        episode.pictures.append(crop_to(observation.image_hwc, side_px))
        if len(episode.pictures) == step_limit:
            last = give(Command.TERMINATE, observation)
            episode.steps.append(_step(observation, last, Action.hold(), held, End.CUT_OFF))
            return episode
        choice = behaviour.choose(observation)
        action = action_of(choice, observation)
        ends = choice.command is Command.TERMINATE or not _performed(stepper, action)
        end = End.TERMINAL if ends else End.GOES_ON
        episode.steps.append(_step(observation, choice, action, held, end))
        if ends:
            episode.success = held and choice.command is Command.TERMINATE
            return episode


def _performed(stepper: CellStepper, action: Action) -> bool:
    """Carry out an action; false where the gate refuses it."""
    try:
        stepper.perform(action)
    except GateError:
        return False
    return True


def _step(
    observation: Observation, choice: Choice, action: Action, held: bool, end: int
) -> npt.NDArray[np.void]:
    tool = observation.tool_pose
    made = np.zeros((), STEP)
    made["tool"] = [*tool.position_m, tool.yaw_rad]
    made["state"] = [observation.gripper_closed, observation.height_above_tray_m]
    made["action"], made["target"] = action.to_array(), choice.target
    made["reward"] = float(held and choice.command is Command.TERMINATE and end == End.TERMINAL)
    made["command"], made["explored"] = int(choice.command), choice.explored
    made["held"], made["end"] = held, end
    return made
