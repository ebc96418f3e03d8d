# SPDX-License-Identifier: Apache-2.0
"""What a checkpoint was trained on, for the bundle's manifest."""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rlcg_train.qt_opt import log_format


def describe(checkpoint: Path) -> dict[str, Any]:
    """Return the fields of `rlcg_core.manifest.Training` besides the commit."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    settings = json.loads(state["settings"])
    begun_s = checkpoint.stat().st_mtime - float(state["seconds"])
    started = datetime.fromtimestamp(begun_s, tz=timezone.utc)
    folders = [Path(folder) for folder in settings["data"]]
    return {
        "started": started.isoformat(timespec="seconds"),
        "duration_s": float(state["seconds"]),
        "seeds": {"fit": str(settings["seed"]), "attempts": "training range, by attempt number"},
        "data": {folder.name: _summary(folder) for folder in folders},
    }


def _summary(folder: Path) -> str:
    """Return attempts, successes and renderers of one folder of shards or of logs."""
    logs = sorted(path.parent for path in folder.glob(f"*/{log_format.DESCRIPTION}"))
    if logs:
        return _summary_of_logs(logs)
    outcomes, renderers = [], set()
    for path in sorted(folder.glob("[0-9]*.npz")):
        with np.load(path, allow_pickle=False) as data:
            outcomes.append(data["outcomes"])
            renderers.add(str(data["renderer"]))
    joined = np.concatenate(outcomes) if outcomes else np.zeros(0, int)
    return (
        f"{len(joined)} attempts, {int(np.sum(joined == 1))} successes, "
        f"renderers {' and '.join(sorted(renderers))}"
    )


def _summary_of_logs(logs: list[Path]) -> str:
    episodes = [e for log in logs for e in log_format.read_journal(log) if e.count]
    renderers = {log_format.describe(log).renderer for log in logs}
    return (
        f"{len(episodes)} episodes, {sum(e.count for e in episodes)} steps, "
        f"{sum(e.success for e in episodes)} successes, renderers {' and '.join(sorted(renderers))}"
    )
