# SPDX-License-Identifier: Apache-2.0
"""What processes use, as Linux tells it in /proc: memory, open files, threads."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_NODE = re.compile(r"(?:.*[./])?(\w+_node)")


@dataclass(frozen=True)
class Usage:
    """One process at one moment. ``name``: of its node; ``rss_mb``: resident memory [10^6 B]."""

    name: str
    pid: int
    rss_mb: float
    files: int
    threads: int


def of_tree(root: int) -> list[Usage]:
    """Return what a process and all that it started use, without those that end meanwhile."""
    found = [_usage(pid) for pid in _tree(root)]
    return [one for one in found if one is not None]


def _tree(root: int) -> list[int]:
    pids, left = [], [root]
    while left:
        pid = left.pop()
        pids.append(pid)
        left += _children(pid)
    return pids


def _children(pid: int) -> list[int]:
    try:
        tasks = list((PROC / str(pid) / "task").iterdir())
        texts = [(task / "children").read_text() for task in tasks]
    except OSError:  # it has ended
        return []
    return [int(word) for text in texts for word in text.split()]


def _usage(pid: int) -> Usage | None:
    """Return what a process uses, None for one that has ended."""
    folder = PROC / str(pid)
    try:
        lines = (folder / "status").read_text().splitlines()
        words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        files = len(os.listdir(folder / "fd"))
    except OSError:
        return None
    status = {name: value for name, _, value in (line.partition(":") for line in lines)}
    if "VmRSS" not in status:  # it waits to be reaped
        return None
    rss_mb = 1.024e-3 * int(status["VmRSS"].split()[0])
    return Usage(name_of(words), pid, round(rss_mb, 3), files, int(status["Threads"]))


def name_of(words: list[str]) -> str:
    """Return the name of the node that a command line runs, else that of its program."""
    for word in words:
        match = _NODE.fullmatch(word)
        if match:
            return match[1]
    return "launch" if "launch" in words else Path(words[0]).name
