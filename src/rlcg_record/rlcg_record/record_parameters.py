# SPDX-License-Identifier: Apache-2.0
"""Parameters of record_node."""

from dataclasses import dataclass

from rlcg_core.parameters import param
from rlcg_record.bag import COMPRESSIONS
from rlcg_record.open_bag import KeepLimits

MB = 1_000_000
TOPICS = (
    "image_raw",
    "image_raw/compressed",
    "camera_info",
    "joint_states",
    "grasp_command",
    "joint_trajectory",
    "gripper_command",
    "target_twist",
    "target_pose",
    "joint_positions",
    "gate_status",
    "cmd_vel",
    "odom",
    "base_status",
    "policy_node/decision",
    "policy_node/cem_markers",
    "episode_result",
    "/diagnostics",
    "/rosout",
)
NODES = ("policy_node", "arm_node", "base_node", "camera_node", "sim_node")


@dataclass(frozen=True)
class RecordParameters:
    """What is recorded, where to, and how much memory and disk it may take."""

    bag_directory: str = param("bags", "folder of the bags; each gets a folder of its own in it")
    mode: str = param(
        "episodes",
        "episodes: a bag per episode and one around each fault; faults: the latter alone",
        choices=("episodes", "faults"),
    )
    topics: tuple[str, ...] = param(TOPICS, "topics to record, of any type, as far as they exist")
    nodes: tuple[str, ...] = param(NODES, "nodes whose parameters are kept in the bags")
    robot: str = param("", "name of the robot, for the record and the bags' names")
    compression: str = param("zstd", "compression within the file", choices=tuple(COMPRESSIONS))
    lead_s: float = param(1.0, "kept from before an episode's first decision", low=0.0, high=60.0)
    tail_s: float = param(2.0, "kept from after an episode or a fault", low=0.0, high=600.0)
    judge_s: float = param(
        60.0,
        "how long a judgement of an ended episode is waited for, nothing else being recorded",
        low=0.0,
        high=3600.0,
    )
    idle_s: float = param(
        60.0, "an episode without a decision for so long is over", low=1.0, high=3600.0
    )
    ring_s: float = param(
        10.0, "kept in memory, and put into the bag of a fault", low=0.1, high=600.0
    )
    ring_mb: int = param(300, "most memory of the ring", low=1, high=100_000)
    queue_mb: int = param(300, "most memory of what waits for the disk", low=1, high=100_000)
    min_free_mb: int = param(500, "disk space left to others: recording stops there", low=0)

    @property
    def limits(self) -> KeepLimits:
        """Return what is kept around what happens."""
        return KeepLimits(
            episodes=self.mode == "episodes",
            lead_s=self.lead_s,
            tail_s=self.tail_s,
            judge_s=self.judge_s,
            idle_s=self.idle_s,
            min_free_bytes=self.min_free_mb * MB,
        )
