# SPDX-License-Identifier: Apache-2.0
"""Keeps the newest bags of a soak; an hour of pictures would fill a disk."""

import shutil
from pathlib import Path


class BagStore:
    """Deletes bags beyond the newest ``keep``; ``deleted`` counts them."""

    def __init__(self, folder: Path, keep: int) -> None:
        self._folder, self._keep = folder, keep
        self.deleted = 0

    def prune(self) -> None:
        """Delete what is too old; names begin with the time, and the newest is still written."""
        bags = sorted(path for path in self._folder.glob("*") if path.is_dir())
        for bag in bags[: -self._keep]:
            shutil.rmtree(bag)
            self.deleted += 1
