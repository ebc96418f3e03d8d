# SPDX-License-Identifier: Apache-2.0
"""Keep memory that was freed, for training frees and takes the same tensors in every step.

glibc gives large blocks back to the kernel at once and takes them again zeroed, page by page, which
costs as much as the arithmetic of small networks. `rlcg-bench learning` has the difference.
"""

import ctypes

# Parameters of mallopt(3), malloc.h.
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
NEVER_TRIM_BYTES = 2**31 - 1
GROW_BY_BYTES = 256 * 2**20


def keep_freed_memory() -> bool:
    """Let this process keep what it frees; return whether its C library can (glibc only)."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    settings = ((MMAP_MAX, 0), (TRIM_THRESHOLD, NEVER_TRIM_BYTES), (TOP_PAD, GROW_BY_BYTES))
    return all(mallopt(name, value) == 1 for name, value in settings)
