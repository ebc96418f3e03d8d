# SPDX-License-Identifier: Apache-2.0
"""The episodes in a bag: every decision with the frame that it was made on, and what came of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlcg_core.errors import DataError, InputError, RlcgError, SpecError
from rlcg_core.reasons import Outcome, TerminationReason
from rlcg_core.trace import Trace, image_digest
from rlcg_core.types import ImageArray
from rlcg_policy.camera.codec import decode_picture
from rlcg_record.reader import BagReader
from rlcg_ros.conversions import compressed_from_msg, image_from_msg
from rlcg_ros.conversions.decisions import trace_from_msg
from rlcg_ros.conversions.stamps import stamp_to_s

DECISION, RESULT = "policy_node/decision", "episode_result"
IMAGE, COMPRESSED = "image_raw", "image_raw/compressed"

# By stamp [s], what came with it: a picture, or why it is none.
Frames = dict[float, list[ImageArray | str]]


@dataclass(frozen=True)
class Step:
    """One recorded decision: its message, and the trace or why there is none.

    ``trace`` is None where the frame is not in the bag or is not what the policy saw;
    ``problem`` then says so.
    """

    msg: Any
    trace: Trace | None
    problem: str = ""


@dataclass
class Episode:
    """One episode of a bag. ``judge``: who told the outcome, empty if nobody did."""

    episode_id: str
    steps: list[Step] = field(default_factory=list)
    reason: TerminationReason = TerminationReason.NONE
    outcome: Outcome = Outcome.UNKNOWN
    judge: str = ""

    @property
    def problems(self) -> list[str]:
        """Return what is wrong with its steps."""
        return [f"step {s.msg.step}: {s.problem}" for s in self.steps if s.problem]


class EpisodeReader:
    """The episodes of one bag, in the order of their first decisions.

    The bag of an episode also has the end of the one before; only its own one counts.
    """

    def __init__(self, path: Path) -> None:
        """Find all decisions; raises `DataError` if there is no bag, or it cannot be read."""
        self.bag = BagReader(path)
        own = self.bag.notes.get("rlcg_bag", {}).get("episode_id", "")
        with _as_recorded(self.bag):
            decisions = [msg for _, msg in self.bag.messages([DECISION])]
            self._decisions = [msg for msg in decisions if own in ("", str(msg.episode_id))]
            self._ids = list(dict.fromkeys(msg.episode_id for msg in self._decisions))

    def episodes(self) -> Iterator[Episode]:
        """Yield the episodes; the frames of one at a time are in memory. Raises `DataError`."""
        with _as_recorded(self.bag):
            ends = self._ends()
        for episode_id in self._ids:
            with _as_recorded(self.bag):
                episode = self._episode(episode_id, ends)
            yield episode

    def _episode(self, episode_id: str, ends: Mapping[str, list[Any]]) -> Episode:
        decisions = [msg for msg in self._decisions if msg.episode_id == episode_id]
        frames = self._frames({stamp_to_s(msg.header.stamp) for msg in decisions})
        episode = Episode(episode_id, [_step(msg, frames) for msg in decisions])
        for result in ends.get(episode_id, []):
            episode.reason = TerminationReason(result.termination_reason)
            if result.judge:
                episode.outcome, episode.judge = Outcome(result.outcome), result.judge
        return episode

    def _ends(self) -> dict[str, list[Any]]:
        """Return the results by episode; a judgement without a name is of the one before."""
        ends: dict[str, list[Any]] = {}
        last = ""
        for _, msg in self.bag.messages([RESULT]):
            last = msg.episode_id or last
            ends.setdefault(last, []).append(msg)
        return ends

    def _frames(self, stamps: set[float]) -> Frames:
        """Return the frames with these stamps, raw or compressed, or why one cannot be read."""
        frames: Frames = {}
        for name, msg in self.bag.messages([IMAGE, COMPRESSED]):
            stamp_s = stamp_to_s(msg.header.stamp)
            if stamp_s not in stamps:
                continue
            try:
                len(msg.data)  # a number instead of data would become as many bytes
                raw = name == IMAGE
                frame = image_from_msg(msg) if raw else compressed_from_msg(msg, decode_picture)
            except InputError as error:
                frames.setdefault(stamp_s, []).append(str(error))
            else:
                frames.setdefault(stamp_s, []).append(frame)
        return frames


@contextmanager
def _as_recorded(bag: BagReader) -> Iterator[None]:
    """Make a `DataError` of what comes of messages that lack what ours have."""
    try:
        yield
    except RlcgError:
        raise
    except (AttributeError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise DataError(
            f"{bag.file}: a record is not as rlcg writes it ({error}): it is damaged, or of "
            "another version"
        ) from error


def _step(msg: Any, frames: Frames) -> Step:
    """Return the decision with the frame whose pixels the policy saw."""
    stamp_s, expected = stamp_to_s(msg.header.stamp), msg.image_sha256
    expected = bytes(expected) if len(expected) == 32 else b""
    problem = f"its frame, stamp {stamp_s:.3f} s, is not in the bag"
    for frame in frames.get(stamp_s, []):
        if isinstance(frame, str):
            problem = f"its frame cannot be read: {frame}"
            continue
        found = image_digest(frame)
        if found == expected:
            return _traced(msg, frame)
        problem = (
            f"frame in the bag has sha256 {found.hex()[:16]}..., "
            f"the policy saw {expected.hex()[:16]}..."
        )
    return Step(msg, None, problem)


def _traced(msg: Any, frame: ImageArray) -> Step:
    try:
        return Step(msg, trace_from_msg(msg, frame))
    except (SpecError, ValueError, IndexError) as error:
        return Step(msg, None, f"the record cannot be read: {error}")
