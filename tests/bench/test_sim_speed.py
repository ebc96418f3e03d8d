# SPDX-License-Identifier: Apache-2.0
"""Our simulator against PyBullet's own environment: equal work, a ratio, and what is missing."""

from contextlib import closing

import pytest

from rlcg_bench import sim_speed, sim_worlds
from rlcg_bench.timed_process import Steps
from rlcg_core.errors import WorldError


@pytest.mark.slow
def test_the_simulator_is_faster_than_pybullets_own() -> None:
    section = sim_speed.measure(rounds=3, steps=2)
    named = {(row["simulator"], row["renderer"]) for row in section.rows}
    assert {("rlcg_sim", "tiny"), ("KukaDiverseObjectEnv", "tiny")} <= named
    assert all(row["cpu_ms"] > 0.0 for row in section.rows)
    # Half of the bar: the ratio is of wall times on a machine that may do other things beside.
    (bar,) = section.bars
    assert bar.found is not None
    assert bar.found > 0.5 * bar.limit


@pytest.mark.slow
def test_a_simulator_that_cannot_be_had_says_why() -> None:
    with closing(sim_speed.process("rlcg_sim", "vulkan")) as process:
        process.wait_ready()
        assert "vulkan" in process.missing
        with pytest.raises(WorldError, match="its process ended"):
            process.run(1)


def test_another_amount_of_work_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = sim_worlds.ours("tiny")
    simulator.step()
    monkeypatch.setattr(sim_worlds, "SUB_STEPS", 81)
    with pytest.raises(WorldError, match=r"had .*80.* expected .*81"):
        simulator.step()


def test_the_bar_compares_the_medians() -> None:
    ours = [Steps(wall_ms, 1.0) for wall_ms in (10.0, 20.0, 900.0)]
    theirs = [Steps(wall_ms, 1.0) for wall_ms in (50.0, 60.0, 70.0)]
    bar = sim_speed.bar({sim_speed.OURS: ours, sim_speed.THEIRS: theirs})
    assert (bar.found, bar.holds) == (3.0, True)
