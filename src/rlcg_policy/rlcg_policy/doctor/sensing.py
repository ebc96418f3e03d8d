# SPDX-License-Identifier: Apache-2.0
"""Pictures, calibration and joint states as they come: rate, age, content."""

from dataclasses import dataclass, replace

import numpy as np

from rlcg_core import spec
from rlcg_core.camera_envelope import misfit
from rlcg_core.errors import RlcgError
from rlcg_core.evidence import Graph, Heard, Stream
from rlcg_core.identity import check_stance, check_tool
from rlcg_core.limits import GateLimits
from rlcg_core.manifest import Manifest
from rlcg_policy.doctor.finding import Findings

# Older than any delay: the stamp is of another clock.
FOREIGN_S = 1e6
RATE_SHARE = 0.9


@dataclass(frozen=True)
class Needs:
    """What the nodes need of their inputs, in s and Hz.

    ``lockstep``: the world waits, so that rates mean nothing. ``simulated``: time is /clock's.
    """

    rate_hz: float
    max_image_age_s: float
    max_joint_age_s: float
    max_future_s: float
    simulated: bool = False
    lockstep: bool = False


def check_images(report: Findings, graph: Graph, heard: Heard, needs: Needs) -> None:
    """Add rate, age and size of the pictures."""
    stream = heard.images
    if not _arrives(report, "camera", graph, stream, heard):
        return
    height, width = spec.IMAGE_HEIGHT_PX, spec.IMAGE_WIDTH_PX
    if heard.picture is not None and heard.picture != (height, width):
        report.error(
            "camera",
            f"pictures on {stream.topic} are {heard.picture[1]}x{heard.picture[0]}",
            f"{width}x{height}",
            "set image_width and image_height of the driver, and calibrate at that size",
        )
    _check_age(report, "camera", stream, needs, needs.max_image_age_s)
    text = f"{stream.rate_hz:.1f} pictures per second on {stream.topic}"
    if not needs.lockstep and stream.rate_hz < RATE_SHARE * needs.rate_hz:
        report.warning("camera", text, f"{needs.rate_hz:g} or more", "see the driver's log")
    else:
        report.ok("camera", f"{text}{', in lock-step' if needs.lockstep else ''}")


def check_calibration(
    report: Findings, graph: Graph, heard: Heard, manifest: Manifest | None, posed: bool
) -> None:
    """Add whether the camera is calibrated, and like the one of the training.

    ``posed``: the camera's pose is known, as policy_node has it; else only the lens is compared.
    """
    check = "calibration"
    if not _arrives(report, check, graph, heard.infos, heard) or heard.camera is None:
        return
    if manifest is None:
        report.ok(check, f"camera_info on {heard.infos.topic} is calibrated")
        return
    camera, rest = heard.camera, ""
    if not posed:
        trained = np.array(manifest.camera.transform_camera_to_base)
        camera = replace(camera, transform_camera_to_base=trained)
        rest = "; its pose is a parameter of policy_node, which did not tell it"
    text = misfit(camera, manifest.camera)
    if text:
        expected = f"the envelope of {manifest.name}"
        remedy = "mount and calibrate it as in training (docs/camera.md)"
        report.warning(check, f"not the camera of the training: {text}{rest}", expected, remedy)
    else:
        report.ok(check, f"as in the training of {manifest.name}{rest}")


def check_joints(
    report: Findings,
    graph: Graph,
    heard: Heard,
    needs: Needs,
    limits: GateLimits | None,
    gripper_joint: str,
) -> None:
    """Add names, rate, age and stance of the joints; without ``limits`` no names are expected."""
    stream = heard.joints
    if not _arrives(report, "joints", graph, stream, heard):
        return
    if limits is not None:
        with report.attempt("joints"):
            _check_robot(heard, limits, gripper_joint)
    _check_age(report, "joints", stream, needs, needs.max_joint_age_s)
    text = f"{stream.rate_hz:.0f} states per second on {stream.topic}"
    if not needs.lockstep and stream.longest_gap_s > needs.max_joint_age_s:
        expected = f"none longer than {needs.max_joint_age_s:g} s"
        text = f"{text}, with a gap of {stream.longest_gap_s:.3f} s"
        report.error("joints", text, expected, "see the driver's log, or lessen the load")
    else:
        report.ok("joints", text)


def _check_robot(heard: Heard, limits: GateLimits, gripper_joint: str) -> None:
    """Raise `RlcgError` unless the joints are those of the profile, within their limits."""
    positions = {
        name: float(position)
        for sample in heard.samples
        for name, position in zip(sample.names, sample.positions, strict=True)
    }
    missing = [name for name in limits.joint_names if name not in positions]
    if missing:
        raise RlcgError(
            f"{heard.joints.topic} lacks {missing}, it has {sorted(positions)}: give the robot's "
            "own --profile, or --topics joint_states:=..."
        )
    check_tool(gripper_joint, set(positions), limits)
    check_stance(np.array([positions[name] for name in limits.joint_names]), limits)


def _arrives(report: Findings, check: str, graph: Graph, stream: Stream, heard: Heard) -> bool:
    """Return whether usable messages come; add why not."""
    publishers = graph.sides(stream.topic, publishes=True)
    problem = heard.problems.get(stream.topic, "")
    if problem:
        report.error(check, problem)
    elif not publishers:
        remedy = "start it, or say where by --topics"
        report.absent(check, f"nobody publishes {stream.topic}", remedy)
    elif not stream.arrivals_s:
        told = ", ".join(sorted({one.node for one in publishers}))
        remedy = "see the driver's log and the connections"
        report.error(check, f"{told} publishes {stream.topic}, but nothing came", "", remedy)
    return bool(stream.arrivals_s) and not problem


def _check_age(
    report: Findings, check: str, stream: Stream, needs: Needs, max_age_s: float
) -> None:
    ages_s = stream.ages_s(needs.simulated)
    if not len(ages_s):
        return
    typical_s, oldest_s = float(np.median(ages_s)), float(np.max(ages_s))
    topic, expected = stream.topic, f"at most {max_age_s:g} s"
    if abs(typical_s) > FOREIGN_S:
        right = "/clock's time" if needs.simulated else "the system's time"
        found = f"stamps on {topic} are of another clock"
        report.error(check, found, right, "set use_sim_time alike everywhere")
    elif needs.lockstep:
        return  # time goes by steps, and what is of one instant comes as several messages
    elif typical_s < -needs.max_future_s:
        found = f"stamps on {topic} are {-typical_s:.3f} s ahead of this machine's clock"
        expected = f"at most {needs.max_future_s:g} s"
        report.error(check, found, expected, "synchronise the clocks (chrony)")
    elif typical_s > max_age_s:
        found = f"messages on {topic} are {typical_s:.3f} s old when they come"
        report.error(check, found, expected, "synchronise the clocks, or mend the driver's delay")
    elif oldest_s > max_age_s:
        found = f"some messages on {topic} are {oldest_s:.3f} s old when they come"
        report.warning(check, found, expected, "lessen the load of machine and network")
    else:
        # A simulator's clock may come a little after what was measured at that time.
        typical_ms, most_ms = (1e3 * max(0.0, age_s) for age_s in (typical_s, oldest_s))
        text = f"messages on {topic} are {typical_ms:.0f} ms old when they come"
        report.ok(check, f"{text}, at most {most_ms:.0f} ms")
