# SPDX-License-Identifier: Apache-2.0
"""What `rlcg doctor` says of wiring, clocks and nodes, from made-up evidence."""

import pytest
from doctor_evidence import CAMERA, NOW_S, grades, graph, heard, publishes, subscribes

from rlcg_core.connections import Endpoint, Mismatch
from rlcg_core.evidence import Graph, Stream
from rlcg_core.health import Health, Level
from rlcg_core.reasons import GateState
from rlcg_policy.doctor import clocks, nodes, wiring
from rlcg_policy.doctor.examination import judged
from rlcg_policy.doctor.finding import Findings, Grade
from rlcg_policy.doctor.wiring import IMAGE, JOINTS, TRAJECTORY

TWIST, STAMPED = "geometry_msgs/msg/Twist", "geometry_msgs/msg/TwistStamped"


def test_topics_are_those_that_the_nodes_use_unless_others_are_given() -> None:
    running = graph(
        subscribes("/policy_node", "/cam/image_raw", IMAGE),
        subscribes("/arm_node", "/lbr/joint_states", JOINTS),
    )
    found = wiring.names(running, {}, {"image_raw": "/of_profile", "camera_info": "/info"}, "")
    assert found.topics["image_raw"] == "/cam/image_raw"
    assert found.topics["joint_states"] == "/lbr/joint_states"
    assert found.topics["camera_info"] == "/info"
    assert found.topics["estop"] == "/estop"
    given = wiring.names(running, {"image_raw": "/mine"}, {}, "")
    assert given.topics["image_raw"] == "/mine"
    packed = graph(subscribes("/r1/policy_node", "/r1/image_raw/compressed", wiring.COMPRESSED))
    found = wiring.names(packed, {}, {}, "r1")
    assert (found.topics["image_raw"], found.compressed) == ("/r1/image_raw/compressed", True)


def test_a_driver_of_another_type_is_named_even_before_our_node_runs() -> None:
    running = graph(subscribes("/servo_node", "/target_twist", TWIST))
    report = Findings()
    wiring.check_types(report, running, wiring.names(running, {}, {}, ""))
    assert grades(report) == [Grade.ERROR]
    assert "/servo_node subscribes geometry_msgs/msg/Twist on /target_twist" in report[0].found
    assert report[0].expected == STAMPED


def test_a_mismatch_is_told_once_with_both_sides() -> None:
    pair = Mismatch(
        publishes("/arm_node", "/target_twist", STAMPED),
        subscribes("/servo_node", "/target_twist", TWIST),
        "two types",
    )
    running = graph(pair.publisher, pair.subscription, mismatches=(pair,))
    report = Findings()
    wiring.check_mismatches(report, running, ("/arm_node",))
    wiring.check_types(report, running, wiring.names(running, {}, {}, ""))
    assert grades(report) == [Grade.ERROR]
    for text in (f"/arm_node publishes {STAMPED}", f"/servo_node subscribes {TWIST}"):
        assert text in report[0].found
    foreign = Findings()
    wiring.check_mismatches(foreign, running, ("/policy_node",))
    assert grades(foreign) == [Grade.WARNING]


def test_a_second_commander_is_an_error_and_a_recorder_is_no_driver() -> None:
    ours = publishes("/arm_node", "/joint_trajectory", TRAJECTORY)
    recorder = subscribes("/record_node", "/joint_trajectory", TRAJECTORY)
    report = Findings()
    wiring.check_commands(report, graph(ours, recorder), "/arm_node")
    assert grades(report) == [Grade.ABSENT]
    teleop = publishes("/teleop", "/joint_trajectory", TRAJECTORY)
    driver = subscribes("/controller", "/joint_trajectory", TRAJECTORY)
    report = Findings()
    wiring.check_commands(report, graph(ours, teleop, driver), "/arm_node")
    assert grades(report) == [Grade.ERROR]
    assert "/teleop publish on /joint_trajectory too" in report[0].found


def test_an_input_that_nobody_publishes_is_absent() -> None:
    reader = subscribes("/policy_node", "/image_raw", IMAGE)
    report = Findings()
    viewer = subscribes("/rviz", "/other", IMAGE)
    wiring.check_inputs(report, graph(reader, CAMERA, viewer), ("/policy_node",))
    assert not report
    wiring.check_inputs(report, graph(reader), ("/policy_node",))
    assert grades(report) == [Grade.ABSENT]
    assert "nobody publishes /image_raw, which /policy_node reads" in report[0].found


CLOCK = publishes("/sim_node", "/clock", "rosgraph_msgs/msg/Clock")


@pytest.mark.parametrize(
    ("endpoints", "simulated", "grade", "text"),
    [
        ((), {"/arm_node": False}, Grade.OK, "the system's"),
        ((), {"/arm_node": True}, Grade.ERROR, "stands at 0"),
        ((CLOCK,), {"/arm_node": True, "/sim_node": False}, Grade.OK, "all nodes of ours use"),
        ((CLOCK,), {"/arm_node": False}, Grade.ERROR, "/arm_node use the system's time"),
        ((CLOCK,), {"/record_node": False}, Grade.WARNING, "/record_node stamp by"),
        ((CLOCK, publishes("/bag", "/clock", "x")), {}, Grade.ERROR, "/bag, /sim_node publish"),
    ],
)
def test_there_is_one_clock_for_all(
    endpoints: tuple[Endpoint, ...], simulated: dict[str, bool], grade: Grade, text: str
) -> None:
    running = graph(
        *endpoints, parameters={node: {"use_sim_time": value} for node, value in simulated.items()}
    )
    report = Findings()
    ticking = heard(clock=Stream("/clock", [NOW_S], [1.0], []))
    clocks.check_clock(report, running, ticking, "")
    assert grades(report) == [grade]
    assert text in report[0].found


def test_a_clock_that_does_not_tick_is_an_error() -> None:
    report = Findings()
    clocks.check_clock(report, graph(CLOCK), heard(), "")
    assert Grade.ERROR in grades(report)
    assert "none came" in report[0].found


def test_nodes_that_do_not_run_are_absent_and_errors_where_they_are_expected() -> None:
    report = Findings()
    nodes.check_nodes(report, Graph(("/arm_node",), ()), "", ("policy_node", "arm_node"))
    assert grades(report) == [Grade.OK, Grade.ABSENT, Grade.OK]
    assert grades(judged(report, ("policy_node", "arm_node"))) == [
        Grade.OK,
        Grade.ERROR,
        Grade.OK,
    ]
    twins = Findings()
    nodes.check_nodes(twins, Graph(("/arm_node", "/arm_node"), ()), "", ())
    assert "2 nodes are named /arm_node" in twins[-1].found


def test_joints_are_no_error_where_only_the_camera_is_expected() -> None:
    report = Findings()
    report.absent("joints", "nobody publishes /joint_states")
    report.absent("camera", "nobody publishes /image_raw")
    assert grades(judged(report, ("camera_node",))) == [Grade.ABSENT, Grade.ERROR]


def test_states_gate_and_alarms_of_the_nodes_are_passed_on() -> None:
    report = Findings()
    nodes.check_states(report, graph(states={"/policy_node": "inactive"}), "")
    assert grades(report) == [Grade.WARNING, Grade.WARNING]
    assert "/policy_node is inactive" in report[0].found
    assert "/arm_node does not answer" in report[1].found
    report = Findings()
    stopped = heard(
        gate=GateState.STOPPED,
        gate_text="silence",
        tasks=3,
        alarms={
            "policy_node: camera": Health(Level.ERROR, "no picture"),
            "sim_node: simulation": Health(Level.WARN, "faults are on"),
        },
    )
    nodes.check_gate(report, stopped)
    nodes.check_alarms(report, stopped)
    assert grades(report) == [Grade.WARNING, Grade.ERROR, Grade.WARNING]
    assert "STOPPED: silence" in report[0].found
    assert "no picture" in report[1].found
