# SPDX-License-Identifier: Apache-2.0
"""A topic that cannot reach the other side is an error in /diagnostics that names both."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import TwistStamped
from processes import NodeProcess
from rclpy.qos import qos_profile_sensor_data
from rlcg_msgs.msg import GraspCommand
from ros_bench import RosBench
from sensor_msgs.msg import JointState

from rlcg_core.health import Level
from rlcg_ros import links, qos


class Onlooker(RosBench):
    """Reads the diagnostics of a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.listen(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)

    def newest(self) -> DiagnosticStatus | None:
        found = [s for a in self.received["/diagnostics"] for s in a.status]
        return next((s for s in reversed(found) if s.name == "arm_node: links"), None)

    def await_level(self, level: bytes) -> DiagnosticStatus:
        self.received["/diagnostics"].clear()

        def reached() -> bool:
            status = self.newest()
            return status is not None and status.level == level

        self.until(reached, f"status of level {level!r}")
        status = self.newest()
        assert status is not None
        return status


@pytest.fixture
def onlooker() -> Iterator[Onlooker]:
    with Onlooker() as made:
        yield made


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[NodeProcess]:
    with NodeProcess("rlcg_policy.arm_node", tmp_path / "log") as process:
        yield process
        assert process.end() < 3.0
        assert "Traceback" not in process.output


@pytest.mark.usefixtures("gate")
def test_a_publisher_that_the_gate_cannot_hear_is_named_until_it_goes(onlooker: Onlooker) -> None:
    assert "no misfit" in onlooker.await_level(DiagnosticStatus.OK).message
    publisher = onlooker.node.create_publisher(
        GraspCommand, "grasp_command", qos_profile_sensor_data
    )
    message = onlooker.await_level(DiagnosticStatus.ERROR).message
    assert "nothing passes on /grasp_command: /bench publishes best effort" in message
    assert "/arm_node subscribes reliable" in message
    onlooker.node.destroy_publisher(publisher)
    onlooker.await_level(DiagnosticStatus.OK)


@pytest.mark.usefixtures("gate")
def test_a_driver_that_expects_another_type_is_named_with_both(onlooker: Onlooker) -> None:
    onlooker.node.create_subscription(TwistStamped, "joint_trajectory", print, qos.COMMAND)
    message = onlooker.await_level(DiagnosticStatus.ERROR).message
    assert "/arm_node publishes trajectory_msgs/msg/JointTrajectory" in message
    assert "/bench subscribes geometry_msgs/msg/TwistStamped" in message


def test_a_refused_publisher_is_told_by_its_event_while_the_graph_does_not_know_it(
    onlooker: Onlooker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "mismatches", lambda node, topic: [])
    watched = links.Links(onlooker.node)
    onlooker.node.create_subscription(
        JointState,
        "joint_states",
        print,
        qos.COMMAND,
        event_callbacks=watched.events("joint_states"),
    )
    assert watched.health().level is Level.OK
    told: list[str] = []

    def refused() -> bool:
        health = watched.health()
        told.extend([health.message] if health.level is Level.ERROR else [])
        return bool(told)

    with RosBench() as driver:
        driver.node.create_publisher(JointState, "joint_states", qos_profile_sensor_data)
        onlooker.until(refused, "event")
    assert "joint_states: refused a publisher by its RELIABILITY" in told[0]
    assert watched.health().level is Level.OK
