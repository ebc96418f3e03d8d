# SPDX-License-Identifier: Apache-2.0
"""Export to LeRobot's data set format v3.0: Parquet with PNG pictures inside, and JSON.

data/chunk-000/file-000.parquet (one row group per episode), meta/info.json, meta/stats.json,
meta/tasks.parquet, meta/episodes/chunk-000/file-000.parquet. Pictures are lossless, so nothing is
learned from the traces of a video codec.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rlcg_core.errors import DataError
from rlcg_core.reasons import Outcome
from rlcg_record import lerobot_schema as schema
from rlcg_record.episode_folder import png
from rlcg_record.lerobot_stats import Stats
from rlcg_record.records import EpisodeRecord

FILE_BYTES = 100 * 1024 * 1024


class LeRobotWriter:
    """Writes episodes one after another; `close` makes the data set complete."""

    def __init__(self, folder: Path, fps: int, robot: str = "", rewards: bool = True) -> None:
        """``rewards``: every episode that will come was judged. Raises `DataError`."""
        if folder.exists():
            raise DataError(f"{folder} exists already: choose another --out")
        folder.mkdir(parents=True)
        self._folder, self._fps, self._robot, self._rewards = folder, fps, robot, rewards
        self._features = schema.features(rewards)
        self._schema = schema.arrow_schema(self._features)
        self._stats = Stats()
        self._episodes: list[dict[str, Any]] = []
        self._frames = self._file = self._written = 0
        self._writer: pq.ParquetWriter | None = None

    def add(self, record: EpisodeRecord) -> None:
        """Write one episode; raises `DataError` for an unjudged one where rewards are written."""
        if self._rewards and record.reward(0) is None:
            raise DataError(f"episode {record.name} was not judged: export it without rewards")
        rows = [self._row(record, number) for number in range(len(record.steps))]
        self._stats.add(rows, [step.image_hwc for step in record.steps])
        writer = self._open()
        writer.write_table(pa.Table.from_pylist(rows, schema=self._schema))
        self._written += sum(len(row[schema.IMAGE]["bytes"]) for row in rows)
        self._episodes.append(self._episode_row(len(rows)))
        self._frames += len(rows)

    def close(self) -> None:
        """Write what stands in meta/."""
        if self._writer is not None:
            self._writer.close()
        episodes = self._path("meta/episodes/chunk-000/file-000.parquet")
        pq.write_table(pa.Table.from_pylist(self._episodes), episodes)
        pq.write_table(schema.tasks_table(), self._path("meta/tasks.parquet"))
        info = schema.info(
            self._features, self._fps, len(self._episodes), self._frames, self._robot
        )
        self._json("meta/info.json", info)
        self._json("meta/stats.json", self._stats.plain())

    def _row(self, record: EpisodeRecord, number: int) -> dict[str, Any]:
        step = record.steps[number]
        row: dict[str, Any] = {
            schema.IMAGE: {"bytes": png(step.image_hwc), "path": f"frame-{number:06d}.png"},
            "observation.state": [*step.state, *step.tool_pose],
            "action": list(step.action),
            "q_value": float("nan") if step.q_value is None else step.q_value,
            "next.done": record.done(number),
            "timestamp": number / self._fps,
            "frame_index": number,
            "episode_index": len(self._episodes),
            "index": self._frames + number,
            "task_index": 0,
        }
        if self._rewards:
            success = record.outcome is Outcome.SUCCESS and record.done(number)
            row |= {"next.reward": record.reward(number), "next.success": success}
        return row

    def _episode_row(self, length: int) -> dict[str, Any]:
        return {
            "episode_index": len(self._episodes),
            "tasks": [schema.TASK],
            "length": length,
            "data/chunk_index": 0,
            "data/file_index": self._file,
            "dataset_from_index": self._frames,
            "dataset_to_index": self._frames + length,
            "meta/episodes/chunk_index": 0,
            "meta/episodes/file_index": 0,
        }

    def _open(self) -> pq.ParquetWriter:
        """Return the writer of the running file, a new one when that is full."""
        if self._writer is not None and self._written >= FILE_BYTES:
            self._writer.close()
            self._writer, self._file, self._written = None, self._file + 1, 0
        if self._writer is None:
            path = self._path(f"data/chunk-000/file-{self._file:03d}.parquet")
            self._writer = pq.ParquetWriter(path, self._schema, compression="snappy")
        return self._writer

    def _path(self, name: str) -> Path:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _json(self, name: str, value: object) -> None:
        text = json.dumps(value, indent=4, allow_nan=False)
        self._path(name).write_text(text + "\n", encoding="utf-8")


def export(records: Iterable[EpisodeRecord], folder: Path, fps: int, rewards: bool) -> int:
    """Write a data set and return how many episodes it has; raises `DataError`."""
    writer, count = None, 0
    for record in records:
        writer = writer or LeRobotWriter(folder, fps, record.about.get("robot", ""), rewards)
        writer.add(record)
        count += 1
    if writer is not None:
        writer.close()
    return count
