# SPDX-License-Identifier: Apache-2.0
"""Who may use which scene seeds: evaluation and training never share one."""

from rlcg_core.errors import ConfigError

EVALUATION_SEEDS = range(0, 2**40)
TRAINING_SEEDS = range(2**40, 2**41)
GRASPS_PER_SEED = 2**16


def evaluation_seed(seed: int, grasp: int) -> int:
    """Return the scene seed of one grasp of a run; runs of different ``seed`` share none."""
    found = seed * GRASPS_PER_SEED + grasp
    if not 0 <= grasp < GRASPS_PER_SEED or found not in EVALUATION_SEEDS:
        limit = len(EVALUATION_SEEDS) // GRASPS_PER_SEED
        raise ConfigError(
            f"seed {seed}, grasp {grasp}: expected 0 <= seed < {limit}, "
            f"0 <= grasp < {GRASPS_PER_SEED}"
        )
    return found


def training_seed(index: int) -> int:
    """Return the scene seed of one attempt that is trained on."""
    found = TRAINING_SEEDS.start + index
    if index < 0 or found not in TRAINING_SEEDS:
        raise ConfigError(f"training attempt {index}: expected 0 <= index < {len(TRAINING_SEEDS)}")
    return found
