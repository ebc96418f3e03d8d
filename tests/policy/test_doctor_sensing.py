# SPDX-License-Identifier: Apache-2.0
"""What `rlcg doctor` says of pictures, calibration and joints, from made-up evidence."""

from dataclasses import replace

import numpy as np
import pytest
from doctor_evidence import CAMERA, DRIVER, JAW, NOW_S, grades, graph, heard, publishes, stream

from rlcg_core.bundle import Bundle
from rlcg_core.cell import ROBOT1
from rlcg_core.evidence import Heard, Stream
from rlcg_core.limits import GateLimits
from rlcg_core.types import JointSample
from rlcg_policy.doctor import sensing
from rlcg_policy.doctor.finding import Findings, Grade
from rlcg_policy.doctor.sensing import Needs
from rlcg_policy.doctor.wiring import INFO

NEEDS = Needs(rate_hz=3.0, max_image_age_s=0.5, max_joint_age_s=0.15, max_future_s=0.02)
LIMITS = GateLimits.of_cell()


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
