# SPDX-License-Identifier: Apache-2.0
"""Which state of the sources this program is from."""

import os
import subprocess
from pathlib import Path


def source_commit() -> str:
    """Return the git commit of the sources, ``-dirty`` if they were changed, or "unknown".

    The environment variable ``RLCG_COMMIT`` comes first: a container image has no repository.
    """
    given = os.environ.get("RLCG_COMMIT", "")
    if given:
        return given
    folder = Path(__file__).resolve().parent
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(
            [*command, "--exclude=*"], capture_output=True, text=True, timeout=5.0, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip() or "unknown"
