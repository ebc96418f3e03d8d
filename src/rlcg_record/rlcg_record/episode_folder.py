# SPDX-License-Identifier: Apache-2.0
"""Episodes as training reads them: a folder each, with PNG pictures and two JSON files.

The form is `rlcg_core.episode_files`. A folder appears under its name only when it is complete.
"""

import os
import shutil
from pathlib import Path

import cv2
import numpy as np

from rlcg_core import strict_json
from rlcg_core.episode_files import (
    DECISIONS,
    EPISODE,
    Decided,
    DecisionsFile,
    EpisodeFile,
    SeenStep,
    read_seen,
    read_told,
)
from rlcg_core.errors import DataError, RlcgError
from rlcg_core.reasons import Outcome
from rlcg_core.stored_file import MIB, read_file
from rlcg_core.types import ImageArray
from rlcg_policy.camera.codec import decode_picture
from rlcg_record.records import EpisodeRecord, StepRecord

PICTURE_BYTES = 64 * MIB


def write(folder: Path, record: EpisodeRecord) -> None:
    """Write an episode as ``folder``; raises `DataError` if that exists or cannot be written."""
    if folder.exists():
        raise DataError(f"{folder} exists already: choose another --out")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    names = [f"{number:03d}.png" for number in range(len(record.steps))]
    for name, step in zip(names, record.steps, strict=True):
        (part / name).write_bytes(png(step.image_hwc))
    steps = [
        SeenStep(name, step.state, step.tool_pose, step.projection)
        for name, step in zip(names, record.steps, strict=True)
    ]
    strict_json.write(EpisodeFile(record.source, tuple(steps)), part / EPISODE)
    decisions = tuple(_decision(record, number) for number in range(len(record.steps)))
    told = DecisionsFile(record.outcome.name, record.judge, record.about, decisions)
    strict_json.write(told, part / DECISIONS)
    os.replace(part, folder)


def read(folder: Path) -> EpisodeRecord:
    """Return an episode; raises `DataError` for one that is incomplete or of another spec."""
    seen = read_seen(folder)
    told = read_told(folder, len(seen.steps))
    pairs = zip(seen.steps, told.decisions, strict=True)
    steps = tuple(_step(folder, step, decision) for step, decision in pairs)
    outcome = Outcome[told.outcome]
    return EpisodeRecord(folder.name, seen.source, steps, outcome, told.judge, told.about)


def png(image_hwc: ImageArray) -> bytes:
    """Return a picture as lossless PNG; raises `DataError`."""
    done, data = cv2.imencode(".png", image_hwc[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise DataError("a picture could not be encoded as PNG: check the OpenCV installation")
    return data.tobytes()


def _decision(record: EpisodeRecord, number: int) -> Decided:
    step = record.steps[number]
    known = step.q_value is not None and np.isfinite(step.q_value)
    return Decided(
        action=step.action,
        stamp_s=step.stamp_s,
        q_value=step.q_value if known else None,
        cem_mean=step.cem_mean,
        cem_std=step.cem_std,
        phase=step.phase,
        reward=record.reward(number),
        done=record.done(number),
    )


def _step(folder: Path, seen: SeenStep, told: Decided) -> StepRecord:
    try:
        image_hwc = decode_picture(read_file(folder / seen.image, PICTURE_BYTES))
    except RlcgError as error:
        raise DataError(f"{folder}, {seen.image!r:.80}: {error}; convert the bag again") from error
    return StepRecord(
        image_hwc=image_hwc,
        state=seen.state,
        tool_pose=seen.tool_pose,
        projection=seen.projection,
        action=told.action,
        stamp_s=told.stamp_s,
        q_value=told.q_value,
        cem_mean=told.cem_mean,
        cem_std=told.cem_std,
        phase=told.phase,
    )
