# SPDX-License-Identifier: Apache-2.0
"""Bags of episodes made by a policy in the test, as record_node would have written them."""

from pathlib import Path

import numpy as np
from bag_bench import IMAGES, RESULTS, channel, sample
from rlcg_msgs.msg import EpisodeResult

from rlcg_core.bundle import Bundle
from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import Outcome, TerminationReason
from rlcg_core.types import ImageArray, Observation, ToolPose
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.serving_options import ServingOptions
from rlcg_record.bag import Bag
from rlcg_record.sample import Sample
from rlcg_ros.conversions import image_to_msg
from rlcg_ros.conversions.decisions import DecidedBy, trace_to_msg

CPU = ServingOptions(plan="cpu-float32", threads=1)

DECISIONS = channel("/policy_node/decision", "rlcg_msgs/msg/Decision")


def picture(seed: int) -> ImageArray:
    """Return a picture that compresses no better than a camera's."""
    return np.random.default_rng(seed).integers(0, 256, (512, 640, 3), np.uint8)


def observation(step: int, stamp_s: float, seed: int = 0) -> Observation:
    """Return what a tool that comes down over the bin sees."""
    height_m = max(0.35 - 0.05 * step, 0.01)
    tool = ToolPose(np.array([0.58, 0.05, ROBOT1.bin.floor_z_m + height_m]), 0.4)
    projection = ROBOT1.camera.projection_base_to_px()
    return Observation(picture(seed + step), False, height_m, tool, projection, stamp_s)


def write_bag(
    folder: Path,
    bundle: Bundle,
    steps: int = 4,
    seed: int = 5,
    episode_id: str = "one",
    outcome: Outcome | None = Outcome.SUCCESS,
    images: dict[int, ImageArray | None] | None = None,
) -> Path:
    """Write one episode decided by ``bundle``; ``images`` puts others, or none, into the bag."""
    policy = OnnxPolicy(bundle, CPU)
    policy.reset(seed)
    by = DecidedBy(
        bundle.manifest.name, bundle.digest, str(policy.serving), episode_id, seed, "base"
    )
    bag = Bag(folder)
    bag.note("rlcg_bag", {"kind": "episode", "episode_id": episode_id})
    bag.note("rlcg", {"robot": "bench", "git": "0" * 12})
    for number in range(steps):
        bag.write(_step(policy, by, number, {} if images is None else images))
    reason = int(TerminationReason.STEP_LIMIT)
    bag.write([_result(EpisodeResult(episode_id=episode_id, termination_reason=reason), steps)])
    if outcome is not None:
        judged = EpisodeResult(outcome=int(outcome), judge="simulator", termination_reason=reason)
        bag.write([_result(judged, steps + 1)])
    bag.close()
    return folder


def _step(
    policy: OnnxPolicy, by: DecidedBy, number: int, images: dict[int, ImageArray | None]
) -> list[Sample]:
    seen = observation(number, 10.0 + number)
    policy.decide(seen)
    assert policy.trace is not None
    shown = images.get(number, seen.image_hwc)
    samples = []
    if shown is not None:
        samples.append(sample(IMAGES, image_to_msg(shown, seen.stamp_s, "camera"), float(number)))
    msg = trace_to_msg(policy.trace, by, number)
    return [*samples, sample(DECISIONS, msg, number + 0.1)]


def _result(msg: EpisodeResult, at_s: float) -> Sample:
    return sample(RESULTS, msg, float(at_s))
