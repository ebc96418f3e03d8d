# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys


def test_what_libraries_print_is_dropped_and_logs_are_kept() -> None:
    program = (
        "import os; from rlcg_sim.programs import drop_stdout; drop_stdout();"
        "os.write(1, b'pybullet build time'); os.write(2, b'ready')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b""
    assert done.stderr == b"ready"
