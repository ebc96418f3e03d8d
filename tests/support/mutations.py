# SPDX-License-Identifier: Apache-2.0
"""Damage for files, as hypothesis strategies, and the limits that whoever reads them must keep.

``RLCG_FUZZ_EXAMPLES``: how many per test; a few seconds' worth by default, `make fuzz` has more.
"""

import json
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from rlcg_core.errors import RlcgError

EXAMPLES = int(os.environ.get("RLCG_FUZZ_EXAMPLES", "30"))
fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Of processor time, which a loaded machine doubles: 2 s are promised on an idle one.
LONGEST_S, MOST_BYTES = 5.0, 500_000_000
# What counts and lengths in files are put to.
HUGE = [0, 1, 2**7, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1]
NAMES = ["", ".", "..", "../x", "/etc/passwd", "/dev/zero", "a/../../x", "a\0b", "x" * 300]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 2**63, -(2**63), *HUGE]),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(NAMES),
)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@contextmanager
def little_memory(extra_bytes: int = MOST_BYTES) -> Iterator[None]:
    """Let this process grow by so much and no more: what asks for it gets a `MemoryError`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as stream:
        pages = int(stream.read().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + extra_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def check_reader(read: Callable[[], object]) -> bool:
    """Return whether it reads; it may refuse by a reason of ours, soon, and in little memory."""
    begun_s = time.process_time()
    with little_memory():
        refusal = _refusal(read)
    spent_s = time.process_time() - begun_s
    assert spent_s < LONGEST_S, f"it took {spent_s:.1f} s of processor time"
    assert refusal is None or refusal.strip(), "refused without a reason"
    return refusal is None


def _refusal(read: Callable[[], object]) -> str | None:
    try:
        read()
    except RlcgError as error:
        return str(error)
    return None


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """Return bytes with one to four pieces of damage."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        _damage(draw, data)
    return bytes(data)


def _damage(draw: st.DrawFn, data: bytearray) -> None:
    at = draw(st.integers(0, max(0, len(data) - 1)))
    kind = draw(st.sampled_from(["flip", "number", "cut", "drop", "repeat", "move", "noise"]))
    size = draw(st.sampled_from([1, 2, 4, 8, 64, 1000]))
    if kind == "flip" and data:
        data[at] ^= 1 << draw(st.integers(0, 7))
    elif kind == "number":
        width = draw(st.sampled_from([1, 2, 4, 8]))
        value = draw(st.sampled_from(HUGE)) % 2 ** (8 * width)
        data[at : at + width] = value.to_bytes(width, "little")
    elif kind == "cut":
        del data[at:]
    elif kind == "drop":
        del data[at : at + size]
    elif kind == "repeat":
        data[at:at] = data[at : at + size] * draw(st.integers(1, 20))
    elif kind == "move":
        to = draw(st.integers(0, max(0, len(data) - 1)))
        data[to:to] = data[at : at + size]
    else:
        data[at : at + size] = draw(st.binary(min_size=1, max_size=16))


@st.composite
def altered(draw: st.DrawFn, good: Any) -> Any:
    """Return plain data with one to three values put to others, left out, added or doubled."""
    plain = json.loads(json.dumps(good))
    for _ in range(draw(st.integers(1, 3))):
        _alter(draw, plain)
    return plain


def _alter(draw: st.DrawFn, plain: Any) -> None:
    places = list(_places(plain))
    if not places:
        return
    holder, key = draw(st.sampled_from(places))
    kind = draw(st.sampled_from(["value", "value", "value", "drop", "add", "double"]))
    if kind == "drop":
        del holder[key]
    elif kind == "value":
        holder[key] = draw(PLAIN)
    elif isinstance(holder, dict):
        holder[draw(st.text(max_size=5))] = holder[key]
    elif kind == "add":
        holder.append(draw(PLAIN))
    else:
        holder.insert(key, holder[key])


def _places(plain: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(plain, dict):
        items: Any = list(plain.items())
    elif isinstance(plain, list):
        items = list(enumerate(plain))
    else:
        return
    for key, value in items:
        yield plain, key
        yield from _places(value)
