# SPDX-License-Identifier: Apache-2.0
"""Memory that was freed is kept: the next tensor of that size costs no page faults."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from rlcg_train import allocator

SCRIPT = """
import resource, sys
import numpy as np
from rlcg_train.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
for _ in range(4):
    np.ones(48 * 2**20, np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    np.ones(48 * 2**20, np.uint8)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    command = [sys.executable, "-c", SCRIPT, how]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return int(done.stdout)


def test_memory_that_was_freed_is_taken_again_without_page_faults() -> None:
    # 24 pages each, should pages be huge.
    assert page_faults("keep") < 10 < 100 < page_faults("plain")


def test_another_c_library_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator, "ctypes", SimpleNamespace(CDLL=lambda name: object()))
    assert not allocator.keep_freed_memory()
