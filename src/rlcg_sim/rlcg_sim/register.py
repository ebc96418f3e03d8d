# SPDX-License-Identifier: Apache-2.0
"""Import this module to have `gymnasium.make("rlcg/Grasp-v0")`."""

import gymnasium

ENVIRONMENT_ID = "rlcg/Grasp-v0"

if ENVIRONMENT_ID not in gymnasium.registry:
    gymnasium.register(ENVIRONMENT_ID, entry_point="rlcg_sim.grasp_env:GraspEnv")
