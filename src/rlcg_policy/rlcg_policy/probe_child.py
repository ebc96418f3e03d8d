# SPDX-License-Identifier: Apache-2.0
"""The process that measures one plan, so that a crash or a hang ends it and not the node.

Reads a `Job` as JSON from standard input, writes a `Verdict` as one line of JSON.
"""

import ctypes
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from rlcg_core import bundle, strict_json
from rlcg_core.errors import BundleError, RlcgError
from rlcg_policy import plans
from rlcg_policy.measure import measure
from rlcg_policy.verdict import Verdict

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Job:
    """Which plan of which bundle to measure; ``digest`` is the bundle's."""

    folder: str
    digest: str
    plan: str
    threads: int


def carry_out(job: Job) -> Verdict:
    """Return the verdict; what cannot be measured is a fault with its reason."""
    try:
        found = bundle.load(Path(job.folder))
        if found.digest != job.digest:
            raise BundleError(f"{job.folder} was changed while it was loaded: start again")
        return measure(found, plans.named(job.plan), job.threads)
    except RlcgError as error:
        return Verdict(job.plan, "fault", " ".join(str(error).split()))


def main() -> None:
    """Carry out the job."""
    _die_with_parent()
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a provider prints must not stand in the answer
    job = strict_json.from_plain(Job, json.loads(sys.stdin.read()), "job")
    print(
        json.dumps(strict_json.to_plain(carry_out(job)), allow_nan=False), file=answer, flush=True
    )


def _die_with_parent() -> None:
    """Ask Linux to end this process with the one that waits for it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
