# SPDX-License-Identifier: Apache-2.0
"""Many jobs on several processes, or in this one."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

# Maps a function over jobs: answers in their order, each as soon as it is asked for and there.
Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]


@contextmanager
def processes(
    count: int,
    begin: Callable[..., None],
    arguments: tuple[Any, ...] = (),
    end: Callable[[], None] = lambda: None,
) -> Iterator[Map]:
    """Yield a map over ``count`` processes, each begun by ``begin(*arguments)``.

    ``count`` 0 takes this process, for small jobs: a new one loads PyTorch and PyBullet first.
    Then ``end`` clears up what ``begin`` left; the others just exit.
    """
    if count:
        with multiprocessing.get_context("spawn").Pool(count, begin, arguments) as pool:
            yield pool.imap
        return
    begin(*arguments)
    try:
        yield map
    finally:
        end()
