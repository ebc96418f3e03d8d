# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcg_train.qt_opt.choice import Command
from rlcg_train.qt_opt.labels import ReturnSettings, backed_up, label
from rlcg_train.qt_opt.log_format import STEP, UNKNOWN, End, StepArray

PAPER = ReturnSettings(discount=0.9, step_penalty=0.05)


def chain(length: int, success: bool) -> StepArray:
    """Return an episode of moves that ends by the command."""
    steps = np.zeros(length, STEP)
    steps["end"][-1], steps["reward"][-1] = End.TERMINAL, float(success)
    steps["command"][-1] = Command.TERMINATE
    steps["held"] = UNKNOWN
    steps["tool"][:, 0] = 0.5 + 0.01 * np.arange(length)
    return steps


NOTHING = np.full(30, np.nan)


@pytest.mark.parametrize(("n", "worth"), [(0, 1.0), (1, 0.85), (2, 0.715), (3, 0.594), (8, 0.146)])
def test_a_success_after_n_steps_is_worth_the_closed_form(n: int, worth: float) -> None:
    values = backed_up(chain(n + 1, True), NOTHING, 1.0, PAPER).values
    assert values[0] == pytest.approx(1.5 * 0.9**n - 0.5, abs=1e-9)
    assert values[0] == pytest.approx(worth, abs=1e-3)


def test_a_grasp_of_more_than_ten_steps_is_worth_less_than_ending_at_once() -> None:
    assert 1.5 * 0.9**10 - 0.5 > 0 > 1.5 * 0.9**11 - 0.5
    found = backed_up(chain(12, True), NOTHING, 1.0, PAPER)
    assert found.values[0] == 0.0  # cut to what a probability can be
    assert found.clipped == 1


def test_terminal_steps_do_not_bootstrap() -> None:
    tempting = np.ones(5)
    values = backed_up(chain(5, False), tempting, 0.0, PAPER).values
    assert values[-1] == 0.0
    np.testing.assert_allclose(values[:-1], 0.9 - 0.05)
    assert backed_up(chain(5, True), np.zeros(5), 0.0, PAPER).values[-1] == 1.0


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_values_before_the_end_lie_within_their_range(value: float, trace: float) -> None:
    found = backed_up(chain(4, True), np.full(4, value), trace, PAPER)
    assert np.all(found.values >= 0.0)
    assert np.all(found.values[:-1] <= 0.85 + 1e-12)
    if trace == 0.0:
        raw = 0.9 * value - 0.05
        assert -0.05 <= raw <= 0.85
        np.testing.assert_allclose(found.values[:-1], max(raw, 0.0))
        assert found.clipped == (3 if raw < 0.0 else 0)


def test_the_value_of_never_succeeding_tends_to_zero() -> None:
    value = 0.9
    for _ in range(40):
        value = float(backed_up(chain(2, False), np.full(2, value), 0.0, PAPER).values[0])
    assert value == 0.0


def test_nothing_is_backed_up_through_a_random_choice() -> None:
    steps = chain(4, True)
    steps["explored"][2] = 1
    values = backed_up(steps, np.full(4, 0.3), 1.0, PAPER).values
    assert values[1] == pytest.approx(0.9 * 0.3 - 0.05)  # the network's, not the return's
    assert values[2] == pytest.approx(0.85)


def test_the_step_limit_is_no_failure_of_the_last_step() -> None:
    steps = chain(4, False)
    steps["end"][-1] = End.CUT_OFF
    values = backed_up(steps, np.full(4, 0.6), 1.0, PAPER).values
    assert np.isnan(values[-1])
    assert values[-2] == pytest.approx(0.9 * 0.6 - 0.05)


def test_streams_are_labelled_differently() -> None:
    steps, values = chain(6, True), np.full(6, 0.2)
    off_policy = backed_up(steps, values, 0.0, PAPER).values
    on_policy = backed_up(steps, values, 0.5, PAPER).values
    np.testing.assert_allclose(off_policy[:-1], 0.9 * 0.2 - 0.05)
    assert on_policy[4] == pytest.approx(0.9 * (0.5 * 0.2 + 0.5 * 1.0) - 0.05)
    assert np.all(np.diff(on_policy) > 0)


def labels_of(steps: StepArray, values: np.ndarray) -> set[tuple[int, int, float]]:
    """Return (step, command, value) of the labels beyond what was done."""
    backup = backed_up(steps, values, 0.0, PAPER)
    found = label(steps, backup, values, PAPER, rate=1.0)
    done = np.count_nonzero(~np.isnan(backup.values))
    rows = zip(found.step[done:], found.command[done:], found.value[done:], strict=True)
    return {(int(a), int(b), round(float(c), 6)) for a, b, c in rows}


def test_an_end_whose_outcome_is_known_is_learned_wherever_it_is_known() -> None:
    steps = chain(3, True)
    steps["held"] = [0, UNKNOWN, 1]
    found = labels_of(steps, np.full(3, 0.5))
    ends = {row for row in found if row[1] == Command.TERMINATE}
    assert ends == {(0, Command.TERMINATE, 0.0), (2, Command.TERMINATE, 1.0)}


def test_of_a_closed_jaw_every_end_is_learned() -> None:
    """One that holds nothing looks much like one that holds something."""
    steps = chain(4, True)
    steps["held"], steps["state"][2:, 0] = [0, 0, 0, 1], 1.0
    found = label(steps, backed_up(steps, np.full(4, 0.5), 0.0, PAPER), NOTHING[:4], PAPER, rate=0)
    ends = found.command == Command.TERMINATE
    done, *known = zip(found.step[ends], found.value[ends], strict=True)
    assert done == (3, 1.0)
    assert known == [(2, 0.0), (3, 1.0)]


def test_staying_and_going_back_are_worth_the_state_that_they_lead_to() -> None:
    steps = chain(3, False)
    values = np.array([np.nan, 0.8, 0.4])
    backup = backed_up(steps, values, 0.0, PAPER)
    found = label(steps, backup, values, PAPER, rate=1.0)
    rows = list(zip(found.step, found.target, found.value, strict=True))[3:]
    at_second = pytest.approx(0.9 * 0.8 - 0.05)
    led = {(int(step), round(float(target[0]), 3)): float(value) for step, target, value in rows}
    assert led[(1, 0.51)] == at_second  # stays
    assert led[(2, 0.51)] == at_second  # goes back
    assert (2, 0.5) not in led


def test_a_closed_gripper_does_not_go_back() -> None:
    steps = chain(4, True)
    steps["state"][:, 0] = 1.0
    backup = backed_up(steps, np.full(4, 0.5), 0.0, PAPER)
    found = label(steps, backup, np.full(4, 0.5), PAPER, rate=0.0)
    assert list(found.step) == [0, 1, 2, 3]


def test_of_an_end_only_its_own_worth_is_known() -> None:
    steps = chain(1, True)
    steps["command"] = Command.MOVE
    backup = backed_up(steps, np.full(1, np.nan), 0.0, PAPER)
    found = label(steps, backup, np.full(1, np.nan), PAPER, rate=1.0)
    assert found.value.tolist() == [1.0]
