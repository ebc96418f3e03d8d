# SPDX-License-Identifier: Apache-2.0
"""All checks in their order: the machine, what is installed, then the running graph."""

import os
from dataclasses import replace
from pathlib import Path

from rlcg_core import spec
from rlcg_core.bundle import Bundle
from rlcg_core.evidence import Graph, Heard
from rlcg_core.limits import GateLimits
from rlcg_core.transforms import matrix_from_pose
from rlcg_core.types import FloatArray
from rlcg_policy.doctor import (
    clocks,
    dds,
    limits,
    model,
    nodes,
    sensing,
    software,
    surroundings,
    wiring,
)
from rlcg_policy.doctor.finding import Findings, Grade
from rlcg_policy.doctor.options import Options
from rlcg_policy.doctor.wiring import resolved
from rlcg_policy.policy_parameters import PolicyParameters
from rlcg_policy.profile import Profile
from rlcg_policy.serving_options import ServingOptions

# Absent ones of these are errors only where one of the nodes that need them is expected to run.
NEEDED_BY = {
    "camera": {"policy_node", "camera_node"},
    "calibration": {"policy_node"},
    "joints": {"policy_node", "arm_node"},
}
# Pictures per second that recordings are reckoned with while none come.
PICTURES_HZ = 10.0


def examine(options: Options) -> Findings:
    """Return what all checks found."""
    report = Findings()
    software.check_python(report)
    surroundings.check_files(report)
    if not options.quick:
        software.check_packages(report)
        software.check_entry_points(report)
        software.check_executables(report, os.environ)
        surroundings.check_processor(report)
    with report.attempt("ros"):
        # Imported here: that ROS is missing is a finding.
        from rlcg_policy.doctor.doctor_node import installed_share

        _Examination(report, options, installed_share()).run()
    return judged(report, options.expected_nodes)


class _Examination:
    """The checks that build on each other: what runs tells which profile and model to look at."""

    def __init__(self, report: Findings, options: Options, share: Path) -> None:
        self._report, self._options, self._share = report, options, share
        self._policy = resolved(options.namespace, "policy_node")
        self._arm = resolved(options.namespace, "arm_node")
        self._recorder = resolved(options.namespace, "record_node")

    def run(self) -> None:
        from rlcg_policy.doctor.doctor_node import looking

        report, options = self._report, self._options
        with looking(options.namespace) as look:
            report.ok("middleware", look.middleware)
            first = look.first_graph((self._policy, self._arm), options.patience_s)
            robot, bounds = self._robot(first)
            name = "" if robot is None else robot.name
            dds.check(report, os.environ, look.middleware, name)
            of_profile = {} if robot is None else robot.topics
            names = wiring.names(first, dict(options.topics), of_profile, options.namespace)
            pose = self._camera_pose(first)
            graph, heard = look.listen(names, options.namespace, options.listen_s, pose)
        loaded = self._model(graph, heard)
        self._graph(graph, names, heard)
        manifest = None if loaded is None else loaded.manifest
        sensing.check_calibration(report, graph, heard, manifest, posed=pose is not None)
        self._sensing(graph, heard, robot, bounds)

    def _robot(self, graph: Graph) -> tuple[Profile | None, GateLimits | None]:
        name = self._options.profile or graph.asked(self._arm, "profile", "")
        robot = limits.check_profile(self._report, name, self._share)
        bounds = None if robot is None else limits.check_limits(self._report, robot)
        if robot is not None and bounds is not None and not self._options.quick:
            urdfs = self._share / "config" / "urdf"
            limits.check_headroom(self._report, robot, bounds, urdfs)
        return robot, bounds

    def _model(self, graph: Graph, heard: Heard) -> Bundle | None:
        name = self._options.model or graph.asked(self._policy, "model", "")
        model.check_providers(self._report)
        loaded = model.check_model(self._report, name, self._share / "models")
        if loaded is None:
            return None
        serving = ServingOptions()
        model.check_plan(self._report, loaded, serving)
        if not self._options.quick:
            model.check_golden(self._report, loaded, serving)
        nodes.check_served(self._report, heard, loaded.digest)
        return loaded

    def _graph(self, graph: Graph, names: wiring.Names, heard: Heard) -> None:
        report, namespace = self._report, self._options.namespace
        expected = self._options.expected_nodes or wiring.NODES
        nodes.check_nodes(report, graph, namespace, expected)
        nodes.check_states(report, graph, namespace)
        nodes.check_gate(report, heard)
        nodes.check_alarms(report, heard)
        wiring.check_mismatches(report, graph, nodes.our_nodes(namespace))
        wiring.check_types(report, graph, names)
        wiring.check_inputs(report, graph, (self._policy, self._arm))
        wiring.check_commands(report, graph, self._arm)
        clocks.check_clock(report, graph, heard, namespace)

    def _sensing(
        self, graph: Graph, heard: Heard, robot: Profile | None, bounds: GateLimits | None
    ) -> None:
        report, needs = self._report, self._needs(graph, bounds)
        sensing.check_images(report, graph, heard, needs)
        jaw = "" if robot is None else str(robot.parameters.get("gripper_joint", ""))
        sensing.check_joints(report, graph, heard, needs, bounds, jaw)
        self._disk(graph, heard)

    def _needs(self, graph: Graph, bounds: GateLimits | None) -> sensing.Needs:
        namespace = self._options.namespace
        simulated = clocks.is_simulated(graph, namespace)
        gate = bounds or GateLimits.of_cell()
        world = graph.asked(resolved(namespace, "sim_node"), "lockstep", False)
        default_s = PolicyParameters.max_image_age_s
        return sensing.Needs(
            rate_hz=graph.asked(self._policy, "rate_hz", gate.control_rate_hz),
            max_image_age_s=graph.asked(self._policy, "max_image_age_s", default_s),
            max_joint_age_s=gate.max_joint_age_s,
            # In simulation the clock and the data of one instant come as two messages.
            max_future_s=gate.max_joint_age_s if simulated else gate.max_future_s,
            simulated=simulated,
            lockstep=graph.asked(self._policy, "lockstep", world),
        )

    def _camera_pose(self, graph: Graph) -> FloatArray | None:
        """Return the camera's pose (4, 4) in the base frame, None if policy_node told none."""
        told = graph.parameters.get(self._policy, {})
        if "camera_position_m" not in told or "camera_quaternion_xyzw" not in told:
            return None
        return matrix_from_pose(told["camera_position_m"], told["camera_quaternion_xyzw"])

    def _disk(self, graph: Graph, heard: Heard) -> None:
        folder = self._options.bags or Path(graph.asked(self._recorder, "bag_directory", "bags"))
        size = heard.picture_bytes or spec.IMAGE_HEIGHT_PX * spec.IMAGE_WIDTH_PX * 3
        rate_hz = heard.images.rate_hz or PICTURES_HZ
        least_mb = graph.asked(self._recorder, "min_free_mb", surroundings.LEAST_MB)
        surroundings.check_disk(self._report, folder, size * rate_hz, least_mb)


def judged(report: Findings, expected_nodes: tuple[str, ...]) -> Findings:
    """Return the findings; what is expected to run and does not is an error."""
    if not expected_nodes:
        return report
    judged = Findings()
    for one in report:
        needed = NEEDED_BY.get(one.check, set(expected_nodes)) & set(expected_nodes)
        severe = one.grade is Grade.ABSENT and needed
        judged.append(replace(one, grade=Grade.ERROR) if severe else one)
    return judged
