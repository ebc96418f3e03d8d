# SPDX-License-Identifier: Apache-2.0
"""Names, types and shapes of our episodes in LeRobot's data set format v3.0."""

import json
from typing import Any

import pyarrow as pa

from rlcg_core import spec

VERSION = "v3.0"
TASK = "grasp any object out of the bin"
IMAGE = "observation.images.camera"
FILES = "chunk-{chunk_index:03d}/file-{file_index:03d}"
STATE_NAMES = (*(field.name for field in spec.STATE_FIELDS), "tool_x", "tool_y", "tool_z", "yaw")

Features = dict[str, dict[str, Any]]

_ARROW = {"float32": pa.float32(), "int64": pa.int64(), "bool": pa.bool_()}


def features(rewards: bool) -> Features:
    """Return the features of info.json; reward and success only where all was judged."""
    shape = [spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX, spec.IMAGE_CHANNELS]
    found: Features = {
        IMAGE: {"dtype": "image", "shape": shape, "names": ["height", "width", "channels"]},
        "observation.state": _vector(STATE_NAMES),
        "action": _vector(spec.ACTION_NAMES),
        "q_value": _number("float32"),
        "next.done": _number("bool"),
    }
    if rewards:
        found |= {"next.reward": _number("float32"), "next.success": _number("bool")}
    found["timestamp"] = _number("float32")
    for name in ("frame_index", "episode_index", "index", "task_index"):
        found[name] = _number("int64")
    return found


def arrow_schema(found: Features) -> pa.Schema:
    """Return the schema of the data files, with what the library `datasets` reads from it."""
    fields = [pa.field(name, _arrow_type(feature)) for name, feature in found.items()]
    hugging = {"info": {"features": {name: _hugging(item) for name, item in found.items()}}}
    return pa.schema(fields, metadata={"huggingface": json.dumps(hugging)})


def tasks_table() -> pa.Table:
    """Return meta/tasks.parquet: a pandas frame whose index is the task's text."""
    table = pa.table({"task_index": pa.array([0], pa.int64()), "task": [TASK]})
    columns = [
        _pandas_column("task_index", "int64", "int64"),
        _pandas_column("task", "unicode", "object"),
    ]
    pandas = {"index_columns": ["task"], "column_indexes": [], "columns": columns}
    return table.replace_schema_metadata({"pandas": json.dumps({**pandas, "pandas_version": "2"})})


def info(found: Features, fps: int, episodes: int, frames: int, robot: str) -> dict[str, Any]:
    """Return meta/info.json."""
    return {
        "codebase_version": VERSION,
        "robot_type": robot or None,
        "total_episodes": episodes,
        "total_frames": frames,
        "total_tasks": 1,
        "chunks_size": 1000,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "fps": fps,
        "splits": {"train": f"0:{episodes}"},
        "data_path": f"data/{FILES}.parquet",
        "video_path": None,
        "features": found,
    }


def _vector(names: tuple[str, ...]) -> dict[str, Any]:
    return {"dtype": "float32", "shape": [len(names)], "names": list(names)}


def _number(dtype: str) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [1], "names": None}


def _arrow_type(feature: dict[str, Any]) -> pa.DataType:
    if feature["dtype"] == "image":
        return pa.struct({"bytes": pa.binary(), "path": pa.string()})
    kind, size = _ARROW[feature["dtype"]], feature["shape"][0]
    return kind if size == 1 else pa.list_(kind, size)


def _hugging(feature: dict[str, Any]) -> dict[str, Any]:
    if feature["dtype"] == "image":
        return {"_type": "Image"}
    value, size = {"dtype": feature["dtype"], "_type": "Value"}, feature["shape"][0]
    return value if size == 1 else {"feature": value, "length": size, "_type": "Sequence"}


def _pandas_column(name: str, kind: str, numpy: str) -> dict[str, Any]:
    said = {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": numpy}
    return {**said, "metadata": None}
