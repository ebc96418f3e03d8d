# SPDX-License-Identifier: Apache-2.0
"""What a fast form's choice is worth to float32."""

from rlcg_core.regret import MEAN_LIMIT, worth

MOVE, CLOSE = (False, False, False), (True, False, False)


def test_with_the_same_commands_float32s_own_q_counts() -> None:
    assert worth((0.7, MOVE), (0.9, MOVE)) == 0.7
    assert worth((0.7, CLOSE), (0.2, CLOSE)) == 0.7


def test_another_command_in_a_tie_is_worth_the_lower_q() -> None:
    assert worth((0.495, CLOSE), (0.493, MOVE)) == 0.493
    assert worth((0.495, MOVE), (0.499, CLOSE)) == 0.495


def test_another_command_without_a_tie_is_worth_nothing() -> None:
    for q in (0.5 - 2 * MEAN_LIMIT, 0.5 + 2 * MEAN_LIMIT):
        assert worth((0.5, CLOSE), (q, MOVE)) == 0.0
