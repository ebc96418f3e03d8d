# SPDX-License-Identifier: Apache-2.0
"""base_node as a real process: a simulated base on one side, an arm's gate on the other."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from geometry_msgs.msg import TwistStamped
from nav_msgs.msg import Odometry as OdometryMsg
from processes import NodeProcess, parameters
from rlcg_msgs.msg import GateStatus, GraspCommand
from rlcg_msgs.srv import PlaceBase
from ros_bench import RosBench
from std_srvs.srv import Trigger

from rlcg_core.base_pose import AT_HOME, BasePose, draw_base_pose
from rlcg_core.base_watch import STILL, BaseTwist, Odometry
from rlcg_core.cell import ROBOT2
from rlcg_core.reasons import GateReason, GateState
from rlcg_ros import qos
from rlcg_ros.conversions.odometry import odometry_from_msg, odometry_to_msg, twist_from_msg

PERIOD_S = 0.02


class Base(RosBench):
    """Plays a base that follows `cmd_vel`, a policy, and an arm's gate that is ready."""

    def __init__(self) -> None:
        super().__init__()
        self.pose, self.twist, self.speaks = AT_HOME, STILL, True
        self._odometry_out = self.node.create_publisher(OdometryMsg, "odom", 10)
        self._commands = self.node.create_publisher(GraspCommand, "grasp_command", qos.COMMAND)
        self._gate = self.node.create_publisher(GateStatus, "gate_status", qos.STATUS)
        self._gate.publish(GateStatus(state=int(GateState.READY)))
        self.listen(TwistStamped, "cmd_vel", qos.COMMAND)
        self.listen(GateStatus, "base_status", qos.STATUS)
        self.node.create_subscription(TwistStamped, "cmd_vel", self._follow, qos.COMMAND)
        self.node.create_timer(PERIOD_S, self._roll)

    def _follow(self, msg: TwistStamped) -> None:
        self.twist = twist_from_msg(msg.twist)

    def _roll(self) -> None:
        twist = self.twist
        ahead_m, left_m = twist.ahead_m_s * PERIOD_S, twist.left_m_s * PERIOD_S
        self.pose = self.pose.moved(BasePose(ahead_m, left_m, twist.turn_rad_s * PERIOD_S))
        if self.speaks:
            odometry = Odometry(self.pose, self.twist, time.time())
            self._odometry_out.publish(odometry_to_msg(odometry, "odom", "base_link"))

    def command(self, terminate: bool = False) -> None:
        self._commands.publish(GraspCommand(episode_id="e1", terminate=terminate))

    def place(self, place: str = "offset_1", seed: int = 5) -> PlaceBase.Response:
        return self.call(PlaceBase, "base_node/place", PlaceBase.Request(seed=seed, place=place))

    def listened_to(self) -> None:
        """Wait until odometry and the arm's gate have arrived."""
        self.until(lambda: self._odometry_out.get_subscription_count() > 0, "base_node")
        self.until(lambda: self.place("nowhere").reason == GateReason.SPEC_MISMATCH, "an answer")
        self.until(lambda: self._commands.get_subscription_count() > 0, "base_node on commands")
        time.sleep(0.2)  # the newest odom and gate_status are under way

    def until_state(self, state: GateState) -> GateStatus:
        def arrived() -> bool:
            told = self.received["base_status"]
            return bool(told) and told[-1].state == state

        self.until(arrived, f"base state {state.name}", 30.0)
        return self.received["base_status"][-1]

    def driving(self) -> None:
        assert self.place().reason == 0
        self.until(lambda: self.twist != STILL, "twist")


@pytest.fixture
def base() -> Iterator[Base]:
    with Base() as made:
        yield made


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    limits = parameters(max_odometry_age_s=1.0, reset_cooldown_s=0.0)
    with NodeProcess("rlcg_policy.base_node", tmp_path / "log", *limits) as process:
        yield process
        if process.running:
            process.end()
        assert "Traceback" not in process.output


def test_odometry_comes_back_from_its_message() -> None:
    odometry = Odometry(BasePose(0.1, -0.2, 2.5), BaseTwist(0.1, 0.02, -0.3), 12.25)
    found = odometry_from_msg(odometry_to_msg(odometry, "odom", "base_link"))
    assert tuple(vars(found.pose).values()) == pytest.approx((0.1, -0.2, 2.5))
    assert (found.twist, found.stamp_s) == (odometry.twist, odometry.stamp_s)


@pytest.mark.usefixtures("node")
def test_it_drives_to_the_pose_that_the_seed_means_and_says_when_it_stands(base: Base) -> None:
    base.listened_to()
    base.driving()
    base.until_state(GateState.HOLDING)
    base.until_state(GateState.READY)
    base.until(lambda: base.twist == STILL, "zero twist")
    goal = draw_base_pose(5, ROBOT2, "offset_1")
    ((ahead_m, left_m),) = base.pose.seen_from_base([(goal.x_m, goal.y_m)]).tolist()
    assert abs(ahead_m) + abs(left_m) < 0.02
    assert base.pose.yaw_rad == pytest.approx(goal.yaw_rad, abs=0.02)
    first = base.received["cmd_vel"][0]
    assert first.header.frame_id == "base_link"


@pytest.mark.usefixtures("node")
def test_it_refuses_while_an_episode_runs_and_stops_for_one_that_begins(base: Base) -> None:
    base.listened_to()
    base.command()
    base.until(lambda: base.place().reason == GateReason.EPISODE_RUNS, "refusal")
    base.command(terminate=True)
    base.until(lambda: base.place().reason == 0, "consent")
    base.until(lambda: base.twist != STILL, "twist")
    base.command()
    assert base.until_state(GateState.STOPPED).reason == GateReason.EPISODE_RUNS
    base.until(lambda: base.twist == STILL, "zero twist")


@pytest.mark.usefixtures("node")
def test_silent_odometry_stops_it_until_people_release_it(base: Base) -> None:
    base.listened_to()
    base.driving()
    base.speaks = False
    assert base.until_state(GateState.STOPPED).reason == GateReason.STALE_ODOMETRY
    base.until(lambda: base.twist == STILL, "zero twist")
    assert base.place().reason == GateReason.LATCHED
    reset = "base_node/reset_stop"
    assert not base.call(Trigger, reset, Trigger.Request()).success
    base.speaks = True
    base.until(lambda: base.call(Trigger, reset, Trigger.Request()).success, "release")
    base.driving()


def test_the_last_message_of_a_node_that_ends_is_zero(base: Base, node: NodeProcess) -> None:
    base.listened_to()
    base.driving()
    node.end()
    base.until(lambda: twist_from_msg(base.received["cmd_vel"][-1].twist) == STILL, "zero twist")
