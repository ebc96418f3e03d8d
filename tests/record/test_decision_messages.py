# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
import tiny_model
from episodes_bench import observation
from rclpy.serialization import deserialize_message, serialize_message
from rlcg_msgs.msg import Decision, EpisodeResult
from ros_bench import RosBench
from visualization_msgs.msg import Marker, MarkerArray

from rlcg_core import reach
from rlcg_core.cem import ScoredSamples
from rlcg_core.grasp_loop import End
from rlcg_core.reasons import TerminationReason
from rlcg_core.trace import Trace, image_digest
from rlcg_core.types import Action
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.serving_options import ServingOptions
from rlcg_ros import qos
from rlcg_ros.conversions.decisions import DecidedBy, trace_from_msg, trace_to_msg
from rlcg_ros.conversions.markers import decision_to_markers, q_colour
from rlcg_ros.decision_out import DecisionOut

CPU = ServingOptions(plan="cpu-float32", threads=1)

VARIABLES = ("goal_x", "goal_y", "goal_yaw")
BY = DecidedBy("tiny", "d" * 16, "cpu", "one", 2**63 + 5, "base")


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> list[Trace]:
    """Return the traces of an episode: approach, descend, close, lift."""
    policy = OnnxPolicy(tiny_model.write(tmp_path_factory.mktemp("m") / "tiny"), CPU)
    found = []
    for number in range(10):
        policy.decide(observation(number, 10.0 + number))
        assert policy.trace is not None
        found.append(policy.trace)
    return found


def test_a_trace_survives_the_wire_to_the_last_bit(traces: list[Trace]) -> None:
    for number, trace in enumerate(traces):
        sent = trace_to_msg(trace, BY, number)
        came = deserialize_message(serialize_message(sent), Decision)
        assert (came.step, came.seed, came.model_digest) == (number, 2**63 + 5, "d" * 16)
        assert bytes(came.image_sha256) == image_digest(trace.observation.image_hwc)
        again = trace_from_msg(came, trace.observation.image_hwc)
        assert_same(dataclasses.asdict(again.observation), dataclasses.asdict(trace.observation))
        assert_same(dataclasses.asdict(again.memory), dataclasses.asdict(trace.memory))
        # The record has sine and cosine of the turn; the angle itself may lose its last bit.
        assert came.action.tobytes() == trace.decision.action.to_array().tobytes()
        told = dataclasses.asdict(dataclasses.replace(again.decision, action=Action.hold()))
        made = dataclasses.asdict(dataclasses.replace(trace.decision, action=Action.hold()))
        assert_same(told, made)
        for name, value in trace.inputs.items():
            if name != "image":
                assert again.inputs[name].tobytes() == value.tobytes()
        assert bool(again.inputs) == bool(trace.inputs)
    assert {bool(trace.inputs) for trace in traces} == {True, False}


def assert_same(left: Any, right: Any) -> None:
    if isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left:
            assert_same(left[key], right[key])
    elif isinstance(left, np.ndarray):
        assert left.tobytes() == np.asarray(right, left.dtype).tobytes()
    else:
        assert left == right


def test_the_markers_show_the_last_fit_at_the_goal_in_the_colour_of_q(traces: list[Trace]) -> None:
    trace = traces[0]
    decision = trace.decision
    assert decision.goal is not None
    ellipsoid, text, jaw = decision_to_markers(trace, VARIABLES, "base").markers
    assert {m.header.frame_id for m in (ellipsoid, text, jaw)} == {"base"}
    assert ellipsoid.type == Marker.SPHERE
    place, size = ellipsoid.pose.position, ellipsoid.scale
    assert (place.x, place.y) == (decision.cem_mean[0], decision.cem_mean[1])
    assert place.z == decision.goal.position_m[2]
    np.testing.assert_allclose([size.x, size.y], 4.0 * decision.cem_std[:2])
    assert ellipsoid.color.g == pytest.approx(q_colour(decision.q_value).g)
    assert text.text == f"Q {decision.q_value:.2f}"
    one, other = jaw.points[:2]
    across = math.atan2(other.y - one.y, other.x - one.x) - math.pi / 2
    assert math.sin(across - decision.goal.yaw_rad) == pytest.approx(0.0, abs=1e-9)


def test_a_fit_of_displacements_is_drawn_from_the_tool(traces: list[Trace]) -> None:
    names = ("displacement_x", "displacement_y", "yaw_change")
    decision = dataclasses.replace(traces[0].decision, goal=None)
    ellipsoid, _ = decision_to_markers(
        dataclasses.replace(traces[0], decision=decision), names, "base"
    ).markers
    tool_m = traces[0].observation.tool_pose.position_m
    assert ellipsoid.pose.position.x == tool_m[0] + decision.cem_mean[0]
    assert ellipsoid.pose.position.z == tool_m[2]


def test_a_fit_of_the_reach_profile_is_drawn_where_the_move_leads(traces: list[Trace]) -> None:
    mean, std = np.array([0.5, -0.5, 0.5, 0.1]), np.array([0.1, 0.0, 0.0, 0.0])
    decision = dataclasses.replace(traces[0].decision, goal=None, cem_mean=mean, cem_std=std)
    tool_m, tray_m = traces[0].observation.tool_pose.position_m, 0.03
    above_m = float(tool_m[2]) - tray_m
    observation = dataclasses.replace(traces[0].observation, height_above_tray_m=above_m)
    trace = dataclasses.replace(traces[0], decision=decision, observation=observation)
    ellipsoid, _ = decision_to_markers(trace, reach.VARIABLES, "base").markers
    place, size = ellipsoid.pose.position, ellipsoid.scale
    assert (place.x, place.y) == pytest.approx((tool_m[0] + 0.1, tool_m[1] - 0.1))
    assert place.z == pytest.approx(tray_m + 0.01 + 0.24 * 0.25)
    # Four standard deviations; a tenth there is 0.4 (0.6^2 - 0.4^2) / 2 in metres.
    assert (size.x, size.y) == pytest.approx((0.16, 0.002))


@pytest.mark.parametrize(
    ("q_value", "rgb"),
    [(0.0, (1, 0, 0)), (0.5, (1, 1, 0)), (1.0, (0, 1, 0)), (math.nan, (0.5, 0.5, 0.5))],
)
def test_q_goes_from_red_over_yellow_to_green(q_value: float, rgb: tuple[float, ...]) -> None:
    colour = q_colour(q_value)
    assert (colour.r, colour.g, colour.b) == pytest.approx(rgb)


def no_samples(trace: Trace) -> ScoredSamples:
    raise AssertionError("nobody listens to samples")


def test_decisions_are_told_once_each_and_only_to_listeners(
    traces: list[Trace], tmp_path: Path
) -> None:
    with RosBench() as bench:
        node = rclpy.create_node("policy_node", context=bench.node.context)
        out = DecisionOut(node, BY, [], explain=no_samples)
        out.begin("quiet", 1, "cpu-float32 2x64")
        out.note(traces[0])
        bench.listen(Decision, "policy_node/decision", qos.RECORDED)
        bench.listen(MarkerArray, "policy_node/cem_markers", qos.COMMAND)
        bench.listen(EpisodeResult, "episode_result", qos.RECORDED)
        topics = ("policy_node/decision", "policy_node/cem_markers", "episode_result")
        publishers = [p for p in node.publishers if p.topic_name.lstrip("/") in topics]
        assert len(publishers) == 3
        bench.until(lambda: all(p.get_subscription_count() for p in publishers), "listeners")
        out.note(traces[0])
        out.begin("loud", 2, "cpu-float32 2x64")
        for trace in (traces[0], traces[0], None, traces[1]):
            out.note(trace)
        out.end(End(TerminationReason.STEP_LIMIT, "enough", 2, 0.5, None))
        bench.until(lambda: bench.count("episode_result") == 1, "end")
        bench.until(lambda: bench.count("policy_node/decision") == 2, "two decisions")
        told = [(m.episode_id, m.step, m.seed) for m in bench.received["policy_node/decision"]]
        assert told == [("loud", 0, 2), ("loud", 1, 2)]
        (end,) = bench.received["episode_result"]
        assert (end.episode_id, end.steps, end.text) == ("loud", 2, "enough")
        assert (end.outcome, end.judge) == (0, "")
        bench.until(lambda: bench.count("policy_node/cem_markers") >= 1, "markers")
        out.close()
        node.destroy_node()
