# SPDX-License-Identifier: Apache-2.0
"""The machine: open files, processor, and room for recordings."""

import os
import resource
import shutil
from pathlib import Path

from rlcg_policy.doctor.finding import Findings

FILES = 1024
GOVERNORS = Path("/sys/devices/system/cpu")
MB = 1_000_000
# Below that record_node stops: its default of min_free_mb.
LEAST_MB = 500
HOURS = 1.0


def check_files(report: Findings, soft: int | None = None) -> None:
    """Add how many files a process may have open; ``soft`` None asks the system."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if soft is None else soft
    text = "no limit" if limit == resource.RLIM_INFINITY else f"{limit} per process"
    if limit != resource.RLIM_INFINITY and limit < FILES:
        report.warning("open files", text, f"{FILES} or more", f"ulimit -n {FILES}")
    else:
        report.ok("open files", text)


def check_processor(report: Findings, folder: Path = GOVERNORS) -> None:
    """Add the cores, and whether they may run at full speed."""
    cores = f"{len(os.sched_getaffinity(0))} cores"
    found = {path.read_text().strip() for path in folder.glob("cpu[0-9]*/cpufreq/scaling_governor")}
    slow = sorted(found - {"performance"})
    if not found:
        report.ok("processor", f"{cores}; the kernel shows no governor, as in a virtual machine")
    elif slow:
        report.warning(
            "processor",
            f"{cores}, governor {', '.join(slow)}: decisions take longer after each pause",
            "performance while the robot runs",
            "sudo cpupower frequency-set -g performance",
        )
    else:
        report.ok("processor", f"{cores}, governor performance")


def check_disk(
    report: Findings, folder: Path, bytes_per_s: float, least_mb: int = LEAST_MB
) -> None:
    """Add how long recordings of ``bytes_per_s``, not compressed, fit on the disk of a folder."""
    there = next(path for path in (folder, *folder.resolve().parents) if path.exists())
    if not os.access(there, os.W_OK):
        report.error("disk", f"{there} cannot be written", f"room for {folder}", "give --bags")
        return
    free = shutil.disk_usage(there).free
    hours = max(0.0, (free - least_mb * MB) / bytes_per_s / 3600.0)
    text = f"{free / 1e9:.1f} GB free for {folder}: {hours:.1f} h at {bytes_per_s / 1e6:.1f} MB/s"
    remedy = "delete old bags, or give record_node another bag_directory"
    if free < least_mb * MB:
        report.error("disk", text, f"more than {least_mb} MB, where recording stops", remedy)
    elif hours < HOURS:
        report.warning("disk", text, f"{HOURS:g} h or more", remedy)
    else:
        report.ok("disk", text)
