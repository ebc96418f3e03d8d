# SPDX-License-Identifier: Apache-2.0
"""From recorded episodes to records for training, after a check that the bag has what was seen."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rlcg_core import spec
from rlcg_core.errors import DataError, RlcgError
from rlcg_core.reasons import Outcome
from rlcg_core.stored_file import check_plain_name
from rlcg_record.episode_reader import Episode, EpisodeReader, Step
from rlcg_record.records import EpisodeRecord, StepRecord


@dataclass(frozen=True)
class Refused:
    """An episode that is not taken, and why."""

    name: str
    reason: str


def find_bags(paths: list[Path]) -> list[Path]:
    """Return the bags given, and those right below the folders given; raises `DataError`."""
    found = [path for path in paths if path.suffix == ".mcap" or any(path.glob("*.mcap"))]
    for folder in [path for path in paths if path not in found]:
        found += sorted({file.parent for file in folder.glob("*/*.mcap")})
    if not found:
        raise DataError(f"no bag in {[str(p) for p in paths]} or right below: give other folders")
    return found


def bag_records(path: Path) -> Iterator[EpisodeRecord | Refused]:
    """Yield each episode of a bag, or why it is not taken."""
    reader = EpisodeReader(path)
    about = reader.bag.notes.get("rlcg", {})
    for episode in reader.episodes():
        yield _judged(episode, {**about, "bag": path.name})


def _judged(episode: Episode, about: dict[str, str]) -> EpisodeRecord | Refused:
    try:
        check_plain_name(episode.episode_id, "its id")
        problem = _problem(episode)
        return Refused(episode.episode_id, problem) if problem else _record(episode, about)
    except (RlcgError, AttributeError, TypeError, ValueError, OverflowError) as error:
        return Refused(f"{episode.episode_id!r:.80}", f"it cannot be read: {error}")


def _problem(episode: Episode) -> str:
    if episode.problems:
        return f"not what the policy saw: {episode.problems[0]}"
    steps = [int(step.msg.step) for step in episode.steps]
    if steps != list(range(len(steps))):
        return f"it has the steps {steps}, expected all from 0: it was not recorded whole"
    fingerprint = str(episode.steps[0].msg.spec_fingerprint)
    if fingerprint != spec.fingerprint():
        return f"it is of spec {fingerprint}, expected {spec.fingerprint()}"
    if episode.outcome is Outcome.INVALID:
        return f"judged invalid by {episode.judge}"
    return ""


def _record(episode: Episode, about: dict[str, str]) -> EpisodeRecord:
    first = episode.steps[0].msg
    more = {
        "episode_id": episode.episode_id,
        "seed": str(first.seed),
        "model": first.model,
        "model_digest": first.model_digest,
        "plan": first.plan,
        "termination_reason": episode.reason.name,
    }
    return EpisodeRecord(
        name=episode.episode_id,
        source=f"bag {about['bag']}, decided by {first.model} {first.model_digest}",
        steps=tuple(_step(step) for step in episode.steps),
        outcome=episode.outcome,
        judge=episode.judge,
        about={**about, **more},
    )


def _step(step: Step) -> StepRecord:
    trace = step.trace
    assert trace is not None  # _problem looked
    seen, decision = trace.observation, trace.decision
    return StepRecord(
        image_hwc=seen.image_hwc,
        state=(float(seen.gripper_closed), seen.height_above_tray_m),
        tool_pose=tuple(float(number) for number in step.msg.tool_pose),
        projection=tuple(float(number) for number in step.msg.projection),
        action=tuple(float(number) for number in step.msg.action),
        stamp_s=seen.stamp_s,
        q_value=decision.q_value,
        cem_mean=tuple(decision.cem_mean.tolist()),
        cem_std=tuple(decision.cem_std.tolist()),
        phase=decision.phase,
    )
