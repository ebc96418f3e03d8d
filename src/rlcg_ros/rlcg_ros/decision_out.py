# SPDX-License-Identifier: Apache-2.0
"""What policy_node tells of its decisions besides the commands: for recordings and for viewers."""

from collections.abc import Sequence
from dataclasses import replace

from rclpy.node import Node
from rlcg_msgs.msg import Decision, EpisodeResult
from visualization_msgs.msg import MarkerArray

from rlcg_core.cem import Variable
from rlcg_core.grasp_loop import End
from rlcg_core.trace import Trace
from rlcg_ros import qos
from rlcg_ros.clocks import now
from rlcg_ros.conversions.decisions import DecidedBy, end_to_msg, trace_to_msg
from rlcg_ros.conversions.markers import decision_to_markers
from rlcg_ros.sample_out import Explain, SampleOut


class DecisionOut:
    """Publishes ``~/decision``, ``~/cem_markers``, ``~/cem_samples`` and ``episode_result``.

    A decision is hashed and published only while someone listens, after its command is out; its
    samples, which cost another search, only while someone listens to those.
    """

    def __init__(
        self, node: Node, by: DecidedBy, variables: Sequence[Variable], explain: Explain
    ) -> None:
        """``by``: who decides; ``variables``: what CEM searches, in order; see `SampleOut`."""
        self._node, self._by = node, by
        self._variables = [variable.name for variable in variables]
        self._samples = SampleOut(node, explain, self._variables, by.base_frame)
        self._told: Trace | None = None
        self._step = 0
        self._decisions = node.create_publisher(Decision, "~/decision", qos.RECORDED)
        self._markers = node.create_publisher(MarkerArray, "~/cem_markers", qos.COMMAND)
        self._results = node.create_publisher(EpisodeResult, "episode_result", qos.RECORDED)

    def begin(self, episode_id: str, seed: int, plan: str) -> None:
        """Begin an episode, which ``plan`` serves."""
        self._by = replace(self._by, episode_id=episode_id, seed=seed, plan=plan)
        self._told, self._step = None, 0

    def note(self, trace: Trace | None) -> None:
        """Publish the policy's newest decision, unless that is done."""
        if trace is None or trace is self._told:
            return
        self._told, step = trace, self._step
        self._step += 1
        if self._decisions.get_subscription_count() > 0:
            self._decisions.publish(trace_to_msg(trace, self._by, step))
        if self._markers.get_subscription_count() > 0:
            frame = self._by.base_frame
            self._markers.publish(decision_to_markers(trace, self._variables, frame))
        self._samples.note(trace)

    def end(self, end: End) -> None:
        """Publish how the episode ended."""
        msg = end_to_msg(end, self._by.episode_id, now(self._node).ros_s)
        self._results.publish(msg)

    def rest(self) -> None:
        """Leave nothing running until the next decision."""
        self._samples.rest()

    def close(self) -> None:
        """Withdraw the topics."""
        self._samples.close()
        for publisher in (self._decisions, self._markers, self._results):
            self._node.destroy_publisher(publisher)
