# SPDX-License-Identifier: Apache-2.0
"""``~/cem_samples``: for listeners alone, beside the decisions, samples in the colour of Q."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import rclpy
import tiny_model
from episodes_bench import observation
from ros_bench import RosBench
from visualization_msgs.msg import Marker, MarkerArray

from rlcg_core.cem import ScoredSamples
from rlcg_core.errors import InputError
from rlcg_core.trace import Trace
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.serving_options import ServingOptions
from rlcg_ros import qos
from rlcg_ros.conversions.markers import q_colour
from rlcg_ros.conversions.sample_markers import LENGTH_M, samples_to_markers
from rlcg_ros.sample_out import Explain, SampleOut

TOPIC = "policy_node/cem_samples"
VARIABLES = ("goal_x", "goal_y", "goal_yaw")
Made = Callable[[Explain], SampleOut]


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> OnnxPolicy:
    """Return a policy that decided once."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    found = OnnxPolicy(tiny_model.write(folder), ServingOptions(plan="cpu-float32", threads=1))
    found.decide(observation(0, 12.5))
    return found


@pytest.fixture
def trace(policy: OnnxPolicy) -> Trace:
    assert policy.trace is not None
    return policy.trace


@pytest.fixture
def bench() -> Iterator[RosBench]:
    with RosBench() as made:
        yield made


@pytest.fixture
def make(bench: RosBench) -> Iterator[Made]:
    """Return a function that makes what is tested; all ends with the test."""
    node = rclpy.create_node("policy_node", context=bench.node.context)
    made: list[SampleOut] = []

    def one(explain: Explain) -> SampleOut:
        made.append(SampleOut(node, explain, VARIABLES, "base"))
        return made[0]

    yield one
    made[0].close()
    node.destroy_node()


def listen(bench: RosBench) -> None:
    bench.listen(MarkerArray, TOPIC, qos.COMMAND)
    bench.until(lambda: bench.node.count_publishers(TOPIC) == 1, "publisher")


def note_until_heard(bench: RosBench, out: SampleOut, trace: Trace) -> None:
    """Offer a decision until the listener is matched and has it."""

    def heard() -> bool:
        out.note(trace)
        return bench.count(TOPIC) > 0

    bench.until(heard, "samples")


def test_nothing_is_computed_and_no_thread_runs_without_a_listener(
    make: Made, policy: OnnxPolicy, trace: Trace
) -> None:
    asked: list[Trace] = []

    def explain(one: Trace) -> ScoredSamples:
        asked.append(one)
        return policy.explain(one)

    out = make(explain)
    for _ in range(10):
        out.note(trace)
    assert asked == []
    assert "cem_samples" not in {thread.name for thread in threading.enumerate()}


def test_a_listener_gets_all_samples_and_the_best_of_them_is_the_goal(
    bench: RosBench, make: Made, policy: OnnxPolicy, trace: Trace
) -> None:
    out = make(policy.explain)
    listen(bench)
    note_until_heard(bench, out, trace)
    markers = bench.received[TOPIC][0].markers
    iterations, samples, _ = trace.inputs["noise"].shape
    assert [len(marker.points) for marker in markers] == [2 * samples] * iterations
    assert {marker.header.frame_id for marker in markers} == {"base"}
    assert {marker.type for marker in markers} == {Marker.LINE_LIST}
    assert len({(marker.ns, marker.id) for marker in markers}) == iterations
    assert markers[0].header.stamp.sec == 12
    lines = [
        (marker.points[k], marker.points[k + 1], marker.colors[k])
        for marker in markers
        for k in range(0, len(marker.points), 2)
    ]
    # Green grows and red falls with Q.
    one, other, colour = max(lines, key=lambda line: line[2].g - line[2].r)
    goal, q_value = trace.decision.goal, trace.decision.q_value
    assert goal is not None
    centre_m = [(one.x + other.x) / 2, (one.y + other.y) / 2, one.z]
    assert centre_m == pytest.approx(goal.position_m, abs=1e-4)
    assert colour.g == pytest.approx(q_colour(q_value).g, abs=1e-3)
    assert colour.r == pytest.approx(q_colour(q_value).r, abs=1e-3)


def test_a_sample_is_a_line_between_the_fingers(trace: Trace, policy: OnnxPolicy) -> None:
    drawn = policy.explain(trace)
    marker = samples_to_markers(drawn, trace, VARIABLES, "base").markers[1]
    for number in (0, 7):
        x_m, y_m, yaw_rad = drawn.samples[1, number]
        one, other = marker.points[2 * number : 2 * number + 2]
        assert ((one.x + other.x) / 2, (one.y + other.y) / 2) == pytest.approx((x_m, y_m))
        across = (other.x - one.x, other.y - one.y)
        assert across == pytest.approx((-LENGTH_M * np.sin(yaw_rad), LENGTH_M * np.cos(yaw_rad)))


def test_samples_of_displacements_are_drawn_from_the_tool(trace: Trace) -> None:
    names = ("displacement_x", "displacement_z", "yaw_change")
    drawn = ScoredSamples(np.array([[[0.01, 0.02, 0.3]]]), np.zeros((1, 1)), None)  # type: ignore[arg-type]
    (marker,) = samples_to_markers(drawn, trace, names, "base").markers
    tool, goal = trace.observation.tool_pose, trace.decision.goal
    assert goal is not None
    one, other = marker.points
    assert (one.x + other.x) / 2 == pytest.approx(tool.position_m[0] + 0.01)
    assert (one.y + other.y) / 2 == pytest.approx(goal.position_m[1])
    assert one.z == pytest.approx(tool.position_m[2] + 0.02)
    across = np.arctan2(other.y - one.y, other.x - one.x) - np.pi / 2
    assert np.sin(across - tool.yaw_rad - 0.3) == pytest.approx(0.0, abs=1e-9)


def test_decisions_do_not_wait_and_the_newest_is_shown(
    bench: RosBench, make: Made, policy: OnnxPolicy, trace: Trace
) -> None:
    begun, release = threading.Event(), threading.Event()
    explained: list[Trace] = []

    def slow(one: Trace) -> ScoredSamples:
        if one is not trace:
            explained.append(one)
            begun.set()
            assert release.wait(10.0)
        return policy.explain(trace)

    out = make(slow)
    listen(bench)
    note_until_heard(bench, out, trace)  # what was sent before the listener was matched is lost
    first, *later = (
        Trace(trace.observation, trace.memory, trace.inputs, trace.decision) for _ in "abcd"
    )
    out.note(first)
    bench.until(begun.is_set, "first search")
    for one in later:
        out.note(one)
    release.set()
    bench.until(lambda: len(explained) == 2, "second search")
    bench.received[TOPIC].clear()
    out.note(trace)  # a third one, when the second was published
    bench.until(lambda: bench.count(TOPIC) > 0, "markers")  # the reader keeps the newest only
    assert [id(one) for one in explained] == [id(first), id(later[-1])]


def test_a_rest_ends_the_thread_and_the_next_decision_begins_another(
    bench: RosBench, make: Made, policy: OnnxPolicy, trace: Trace
) -> None:
    out = make(policy.explain)
    listen(bench)
    note_until_heard(bench, out, trace)
    out.rest()
    assert "cem_samples" not in {thread.name for thread in threading.enumerate()}
    bench.received[TOPIC].clear()
    note_until_heard(bench, out, trace)


def test_what_cannot_be_shown_is_said_once_and_ends_nothing(
    bench: RosBench, make: Made, policy: OnnxPolicy, trace: Trace, capfd: pytest.CaptureFixture[str]
) -> None:
    calls: list[Trace] = []

    def explain(one: Trace) -> ScoredSamples:
        calls.append(one)
        if len(calls) < 4:
            raise InputError("no plan is left")
        return policy.explain(one)

    out = make(explain)
    listen(bench)
    note_until_heard(bench, out, trace)
    assert capfd.readouterr().err.count("no samples to show: no plan is left") == 1
