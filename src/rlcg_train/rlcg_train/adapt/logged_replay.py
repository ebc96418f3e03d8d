# SPDX-License-Identifier: Apache-2.0
"""Logged episodes as a replay source, so that Bellman backups learn from a lab's or a robot's log.

Every step is kept with its picture. What was logged is an action, what QT-Opt chooses is a target:
that of a logged move is where its step led, which is the same action. The last step of a judged
episode is terminal and carries the reward, whatever ended it.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from rlcg_core.errors import DataError, SpecError
from rlcg_core.reasons import Outcome
from rlcg_core.types import Action
from rlcg_train import episodes, logged
from rlcg_train.logged import LoggedEpisode
from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.episode import crop_to
from rlcg_train.qt_opt.episode_log import EpisodeWriter
from rlcg_train.qt_opt.log_format import STEP, UNKNOWN, End, LogDescription, StepArray
from rlcg_train.seen_frame import SeenFrame

LOG, RENDERER = "logged", "logged"


def take_in(folders: list[Path], source: Path, side_px: int) -> dict[str, str]:
    """Write all episodes as one log of a source; return why each of those left out was.

    A rerun goes on after the last one written. Raises `DataError` if none is there, or none can be
    used.
    """
    found, left_out = episodes.find(folders), {}
    description = _description(found, side_px)
    with EpisodeWriter(source / LOG, description) as log:
        begin = log.episodes[-1].number + 1 if log.episodes else 0
        for number in tqdm(range(begin, len(found)), desc=str(source), unit="episode"):
            try:
                episode = logged.read(found[number])
                steps = as_steps(episode, found[number], description.projection)
            except DataError as error:
                left_out[found[number].name] = str(error)
                continue
            pictures = np.stack([crop_to(frame.image_hwc, side_px) for frame in episode.frames])
            log.append(pictures, steps, number, episode.outcome is Outcome.SUCCESS)
    return left_out


def _description(found: list[Path], side_px: int) -> LogDescription:
    """Return what the log's records mean, by the first episode that can be read."""
    reason = "no episode"
    for folder in found:
        try:
            frame = logged.read(folder).frames[0]
        except DataError as error:
            reason = str(error)
            continue
        return LogDescription(side_px, _numbers(frame), RENDERER, LOG)
    raise DataError(f"no episode can be used: {reason}")


def _numbers(frame: SeenFrame) -> tuple[float, ...]:
    projection: tuple[float, ...] = tuple(frame.projection.astype(np.float32).ravel().tolist())
    return projection


def as_steps(episode: LoggedEpisode, folder: Path, projection: tuple[float, ...]) -> StepArray:
    """Return the steps (T,) of `STEP`; raises `DataError` where nobody judged, or cameras differ.

    ``folder``: what to name in errors; ``projection``: of the camera that the log is of.
    """
    if episode.outcome not in (Outcome.SUCCESS, Outcome.FAILURE):
        raise DataError(f"{folder} was not judged ({episode.outcome.name.lower()}): leave it out")
    if not np.allclose(_numbers(episode.frames[0]), projection, rtol=1e-5):
        raise DataError(f"{folder} has another camera: keep cameras apart")
    pairs = zip(episode.frames, episode.actions, strict=True)
    steps = np.array([_step(frame, action, folder) for frame, action in pairs], STEP)
    steps["end"][-1] = End.TERMINAL
    steps["reward"][-1] = float(episode.outcome is Outcome.SUCCESS)
    return steps


def _step(frame: SeenFrame, numbers: npt.NDArray[np.float64], folder: Path) -> npt.NDArray[np.void]:
    try:
        action = Action.from_array(numbers)
    except SpecError as error:
        raise DataError(f"{folder}: {error}: leave it out") from error
    pose = frame.tool_pose.copy()
    pose[2] = frame.state[1]  # targets count height from the tray
    made = np.zeros((), STEP)
    made["tool"], made["state"], made["action"] = frame.tool_pose, frame.state, numbers
    made["target"] = pose + np.array([*action.displacement_m, action.yaw_change_rad])
    made["command"] = _command(action)
    made["held"], made["end"] = UNKNOWN, End.GOES_ON
    return made


def _command(action: Action) -> Command:
    """Return the one command of an action; ending comes first, as it leaves nothing to do."""
    if action.terminate:
        return Command.TERMINATE
    if action.close:
        return Command.CLOSE
    return Command.OPEN if action.open else Command.MOVE
