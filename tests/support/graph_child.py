# SPDX-License-Identifier: Apache-2.0
"""Opens the graphs of bundles one after the other as serving does; a line says what became of each.

Words: folders of bundles. A process of its own, for a runtime that crashes takes it with it.
"""

import resource
import sys
from pathlib import Path

from rlcg_core import bundle
from rlcg_core.errors import RlcgError
from rlcg_policy.graph_runner import open_form
from rlcg_policy.plans import named

MEMORY_BYTES, STEP_S = 4 * 2**30, 20


def main() -> None:
    """Open each; what is no error of ours ends the process with its traceback."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    plan = named("cpu-float32")
    for folder in map(Path, sys.argv[1:]):
        print(folder, end=" ", flush=True)
        try:
            found = bundle.load(folder)
            open_form(found, found.manifest.graphs[0], plan, 1).replay()
        except RlcgError:
            print("refused", flush=True)
        else:
            print("loaded", flush=True)


if __name__ == "__main__":
    main()
