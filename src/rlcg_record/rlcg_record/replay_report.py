# SPDX-License-Identifier: Apache-2.0
"""What a replay found, as lines for people."""

from collections.abc import Iterable

import numpy as np

from rlcg_record.replaying import Replayed

HEADER = (
    f"{'step':>5} {'phase':<10} {'Q then':>8} {'Q now':>8} {'goal mm':>8} {'move mm':>8} "
    f"{'turn deg':>8}  differs in"
)


def first_difference(made: Iterable[Replayed]) -> str:
    """Return the first difference in full, or an empty text if there is none."""
    for item in made:
        if item.problem:
            return f"step {item.step.msg.step}: {item.problem}"
        if item.differing:
            name = item.differing[0]
            assert item.again is not None
            new = {
                "action": item.again.action.to_array().tolist(),
                "q_value": item.again.q_value,
                "phase": item.again.phase,
                "cem_mean": np.asarray(item.again.cem_mean).tolist(),
                "cem_std": np.asarray(item.again.cem_std).tolist(),
                "goal": item.again.goal,
            }[name]
            old = getattr(item.step.msg, name)
            return f"step {item.step.msg.step}: {name} was {old}, is now {new}"
    return ""


def table(made: Iterable[Replayed]) -> str:
    """Return one line per decision with how far the new one is from the recorded one."""
    return "\n".join([HEADER, *(_row(item) for item in made)])


def _row(item: Replayed) -> str:
    number = f"{item.step.msg.step:>5}"
    if item.again is None:
        return f"{number} {item.problem}"
    change = item.action_change
    then, now = np.array(item.step.msg.action), item.again.action.to_array()
    turn = np.arctan2(now[3], now[4]) - np.arctan2(then[3], then[4])
    return (
        f"{number} {item.again.phase:<10} {item.step.msg.q_value:>8.4f} {item.again.q_value:>8.4f} "
        f"{1e3 * item.goal_change_m:>8.2f} {1e3 * float(np.linalg.norm(change[:3])):>8.2f} "
        f"{np.degrees(turn):>8.2f}  {', '.join(item.differing) or '-'}"
    )
