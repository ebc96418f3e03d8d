# SPDX-License-Identifier: Apache-2.0
"""Jobs on processes of their own, or in this one."""

import os

import pytest

from rlcg_train.processes import processes

LEFT: list[str] = []


def begin(word: str) -> None:
    LEFT.append(word)


def job(number: int) -> tuple[int, int, str]:
    return os.getpid(), number * number, LEFT[0]


@pytest.mark.parametrize("count", [0, 1])
def test_jobs_are_answered_in_order_after_the_beginning(count: int) -> None:
    LEFT.clear()
    with processes(count, begin, ("begun",), LEFT.clear) as over:
        answers = list(over(job, range(4)))
    assert [(square, word) for _, square, word in answers] == [(k * k, "begun") for k in range(4)]
    assert all((pid == os.getpid()) == (count == 0) for pid, _, _ in answers)
    assert not LEFT, "this process was cleared up, or never touched"


def test_this_process_is_cleared_up_after_a_failure() -> None:
    LEFT.clear()
    with pytest.raises(ZeroDivisionError), processes(0, begin, ("begun",), LEFT.clear) as over:
        list(over(lambda number: 1 // number, [0]))
    assert not LEFT
