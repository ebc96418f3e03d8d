# SPDX-License-Identifier: Apache-2.0
"""A running graph and what was heard on it, made up for the doctor."""

from dataclasses import replace

import numpy as np

from rlcg_core.cell import ROBOT1
from rlcg_core.connections import Endpoint
from rlcg_core.evidence import Graph, Heard, Stream
from rlcg_core.types import JointSample
from rlcg_policy.doctor.finding import Findings, Grade
from rlcg_policy.doctor.wiring import IMAGE, JOINTS

NOW_S = 1_800_000_000.0
JAW = ROBOT1.gripper.joint_name


def publishes(node: str, topic: str, kind: str) -> Endpoint:
    return Endpoint(topic, kind, node, True, "reliable, volatile")


def subscribes(node: str, topic: str, kind: str) -> Endpoint:
    return Endpoint(topic, kind, node, False, "reliable, volatile")


CAMERA = publishes("/camera", "/image_raw", IMAGE)
DRIVER = publishes("/driver", "/joint_states", JOINTS)


def stream(topic: str, rate_hz: float, age_s: float = 0.02, count: int = 10) -> Stream:
    arrivals_s = [NOW_S + i / rate_hz for i in range(count)]
    stamps_s = [one - age_s for one in arrivals_s]
    return Stream(topic, arrivals_s, stamps_s, [float("nan")] * count)


def heard(**changed: object) -> Heard:
    names = (*ROBOT1.arm.joint_names, JAW)
    positions = np.array([*ROBOT1.arm.home_rad, 0.08])
    usual = Heard(
        images=stream("/image_raw", 10.0),
        infos=stream("/camera_info", 10.0),
        joints=stream("/joint_states", 100.0),
        clock=Stream("/clock"),
        picture=(512, 640),
        camera=ROBOT1.camera,
        samples=[JointSample(names, positions, np.zeros_like(positions), NOW_S)],
    )
    return replace(usual, **changed)


def graph(*endpoints: Endpoint, **changed: object) -> Graph:
    return Graph(("/policy_node", "/arm_node"), endpoints, **changed)


def grades(report: Findings) -> list[Grade]:
    return [one.grade for one in report]
