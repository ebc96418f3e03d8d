# SPDX-License-Identifier: Apache-2.0
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from rlcg_core import spec
from rlcg_sim import register
from rlcg_sim.grasp_env import action_from_box


@pytest.mark.slow
def test_the_registered_environment_passes_check_env() -> None:
    env = gymnasium.make(register.ENVIRONMENT_ID, renderer="tiny", render_mode="rgb_array")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        check_env(env.unwrapped, skip_render_check=False)
    env.close()


@pytest.mark.slow
def test_an_episode_ends_by_terminate_and_by_the_step_limit() -> None:
    env = gymnasium.make(register.ENVIRONMENT_ID, renderer="tiny")
    env.reset(seed=4)
    hold = np.zeros(spec.ACTION_DIM, np.float32)
    hold[4] = 1.0
    terminate = hold.copy()
    terminate[7] = 1.0
    _, reward, terminated, truncated, info = env.step(terminate)
    assert (reward, terminated, truncated, info["success"]) == (0.0, True, False, False)
    env.reset(seed=4)
    ends = [env.step(hold)[2:4] for _ in range(20)]
    assert ends == [(False, False)] * 19 + [(False, True)]
    env.close()


def test_any_point_of_the_box_is_an_action_of_the_spec() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        action = action_from_box(rng.uniform(spec.ACTION_LOW, spec.ACTION_HIGH))
        spec.check_action(action.to_array())
