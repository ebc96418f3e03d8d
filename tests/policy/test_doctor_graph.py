# SPDX-License-Identifier: Apache-2.0
"""What `rlcg doctor` says of a running graph, from evidence that a test made up."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_model

from rlcg_core.bundle import Bundle
from rlcg_core.cell import ROBOT1
from rlcg_core.connections import Endpoint, Mismatch
from rlcg_core.evidence import Graph, Heard, Stream
from rlcg_core.health import Health, Level
from rlcg_core.limits import GateLimits
from rlcg_core.reasons import GateState
from rlcg_core.types import JointSample
from rlcg_policy.doctor import clocks, nodes, sensing, wiring
from rlcg_policy.doctor.examination import judged
from rlcg_policy.doctor.finding import Findings, Grade
from rlcg_policy.doctor.sensing import Needs
from rlcg_policy.doctor.wiring import IMAGE, INFO, JOINTS, TRAJECTORY

NOW_S = 1_800_000_000.0
NEEDS = Needs(rate_hz=3.0, max_image_age_s=0.5, max_joint_age_s=0.15, max_future_s=0.02)
LIMITS = GateLimits.of_cell()
JAW = ROBOT1.gripper.joint_name
TWIST, STAMPED = "geometry_msgs/msg/Twist", "geometry_msgs/msg/TwistStamped"


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


@pytest.mark.parametrize(
    ("changed", "grade", "text"),
    [
        ({}, Grade.OK, "20 ms old"),
        ({"images": stream("/image_raw", 1.0)}, Grade.WARNING, "1.0 pictures per second"),
        ({"images": stream("/image_raw", 10.0, age_s=0.7)}, Grade.ERROR, "0.700 s old"),
        ({"images": stream("/image_raw", 10.0, age_s=-0.1)}, Grade.ERROR, "0.100 s ahead"),
        ({"images": stream("/image_raw", 10.0, NOW_S - 5.0)}, Grade.ERROR, "another clock"),
        ({"picture": (480, 640)}, Grade.ERROR, "640x480, expected 640x512"),
        ({"problems": {"/image_raw": "encoding is 'yuv'"}}, Grade.ERROR, "encoding is 'yuv'"),
        ({"images": Stream("/image_raw")}, Grade.ERROR, "/camera publishes"),
    ],
)
def test_pictures_are_judged_by_rate_age_clock_and_size(
    changed: dict[str, object], grade: Grade, text: str
) -> None:
    report = Findings()
    sensing.check_images(report, graph(CAMERA), heard(**changed), NEEDS)
    assert grade in grades(report)
    assert (grade is Grade.OK) == (set(grades(report)) == {Grade.OK})
    assert text in "\n".join(map(str, report))


def test_a_single_late_picture_is_a_warning_and_none_in_lock_step() -> None:
    images = stream("/image_raw", 10.0)
    images.stamps_s[4] -= 1.0
    report = Findings()
    sensing.check_images(report, graph(CAMERA), heard(images=images), NEEDS)
    assert grades(report) == [Grade.WARNING, Grade.OK]
    assert "some messages on /image_raw are 1.020 s old" in report[0].found
    report, waiting = Findings(), replace(NEEDS, lockstep=True)
    sensing.check_images(report, graph(CAMERA), heard(images=images), waiting)
    ahead = heard(images=stream("/image_raw", 10.0, age_s=-1.0))
    sensing.check_images(report, graph(CAMERA), ahead, waiting)
    assert set(grades(report)) == {Grade.OK}
    foreign = heard(images=stream("/image_raw", 10.0, age_s=NOW_S - 5.0))
    sensing.check_images(report, graph(CAMERA), foreign, waiting)
    assert Grade.ERROR in grades(report)


def test_a_camera_that_nobody_started_is_absent_and_lock_step_has_no_rate() -> None:
    report = Findings()
    sensing.check_images(report, graph(), heard(images=Stream("/image_raw")), NEEDS)
    assert grades(report) == [Grade.ABSENT]
    slow = heard(images=stream("/image_raw", 0.5))
    report = Findings()
    sensing.check_images(report, graph(CAMERA), slow, replace(NEEDS, lockstep=True))
    assert set(grades(report)) == {Grade.OK}


def test_ages_in_simulation_are_by_its_clock() -> None:
    images = stream("/image_raw", 10.0)
    images.stamps_s = [0.1 * i for i in range(10)]
    images.clock_s = [0.1 * i + 0.03 for i in range(10)]
    report = Findings()
    sensing.check_images(
        report, graph(CAMERA), heard(images=images), replace(NEEDS, simulated=True)
    )
    assert set(grades(report)) == {Grade.OK}
    assert "30 ms old" in str(report[0])


def test_the_calibration_is_compared_with_the_training(tiny: Bundle) -> None:
    info = publishes("/camera", "/camera_info", INFO)
    manifest = tiny.manifest
    other = replace(ROBOT1.camera, intrinsics_px=1.2 * ROBOT1.camera.intrinsics_px)
    report = Findings()
    unposed = replace(ROBOT1.camera, transform_camera_to_base=np.eye(4))
    sensing.check_calibration(report, graph(info), heard(camera=unposed), manifest, posed=True)
    sensing.check_calibration(report, graph(info), heard(camera=unposed), manifest, posed=False)
    assert grades(report) == [Grade.WARNING, Grade.OK], "only a known pose is compared"
    report = Findings()
    sensing.check_calibration(report, graph(info), heard(), manifest, posed=True)
    sensing.check_calibration(report, graph(info), heard(camera=other), manifest, posed=False)
    bent = heard(problems={"/camera_info": "/camera_info: K[0] = 0: calibrate the camera"})
    sensing.check_calibration(report, graph(info), bent, manifest, posed=True)
    assert grades(report) == [Grade.OK, Grade.WARNING, Grade.ERROR]
    assert "focal length" in report[1].found
    assert "pose is a parameter of policy_node" in report[1].found


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny")


def joints(changed: Heard) -> Findings:
    report = Findings()
    sensing.check_joints(report, graph(DRIVER), changed, NEEDS, LIMITS, JAW)
    return report


def test_joints_are_judged_by_names_stance_and_gaps() -> None:
    assert set(grades(joints(heard()))) == {Grade.OK}
    sample = heard().samples[0]
    renamed = replace(sample, names=("A1", *sample.names[1:]))
    assert "lacks ['lbr_A1']" in joints(heard(samples=[renamed]))[0].found
    bent = replace(sample, positions=np.append(np.full(7, 3.1), 0.08))
    assert "is the profile of this robot" in joints(heard(samples=[bent]))[0].found
    bare = JointSample(sample.names[:7], sample.positions[:7], sample.velocities[:7])
    assert f"lacks the gripper's joint '{JAW}'" in joints(heard(samples=[bare]))[0].found
    slow = joints(heard(joints=stream("/joint_states", 4.0)))
    assert slow[-1].grade is Grade.ERROR
    assert "a gap of 0.250 s" in slow[-1].found


def test_joints_of_two_drivers_count_together() -> None:
    sample = heard().samples[0]
    arm = JointSample(sample.names[:7], sample.positions[:7], sample.velocities[:7])
    jaw = JointSample(sample.names[7:], sample.positions[7:], sample.velocities[7:])
    assert set(grades(joints(heard(samples=[jaw, arm])))) == {Grade.OK}


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
