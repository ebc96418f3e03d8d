# SPDX-License-Identifier: Apache-2.0
"""record_node as a process beside a mock cell, over real DDS."""

import math
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_model
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from mock_cell import MockCell
from processes import NodeProcess, parameters
from rlcg_msgs.msg import GraspCommand
from std_srvs.srv import Trigger

from rlcg_core.cell import ROBOT1
from rlcg_core.reasons import TerminationReason
from rlcg_core.types import Action, Decision
from rlcg_record.episode_reader import EpisodeReader
from rlcg_record.reader import BagReader
from rlcg_record.replay_command import replay_bag
from rlcg_ros import qos
from rlcg_ros.conversions import decision_to_msg

pytestmark = pytest.mark.slow

TOPICS = {
    "/image_raw",
    "/camera_info",
    "/joint_states",
    "/grasp_command",
    "/joint_trajectory",
    "/gripper_command",
    "/gate_status",
    "/policy_node/decision",
    "/episode_result",
}


class Recording:
    """A mock cell in real time, its policy, and a recorder whose health is known."""

    def __init__(self, cell: MockCell, model: Path) -> None:
        self.cell, self.model = cell, model
        cell.listen(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)

    def recorder(self, bags: str, **changed: object) -> NodeProcess:
        """Start a recorder and wait until it hears everything."""
        self.cell.received["/diagnostics"].clear()
        arguments = {
            "bag_directory": self.cell.folder / bags,
            "min_free_mb": 1,
            "tail_s": 0.5,
            "judge_s": 1.0,
        }
        process = self.cell.start(
            "rlcg_record.record_node", f"{bags}.log", *parameters(**{**arguments, **changed})
        )

        def listening() -> bool:
            heard = {topic.strip() for topic in self.value("topics").split(",")}
            return heard >= TOPICS

        self.cell.until(listening, f"recorder that hears all: {process.output}", 20.0)
        return process

    def health(self) -> DiagnosticStatus | None:
        for array in reversed(self.cell.received["/diagnostics"]):
            for status in array.status:
                if status.name == "record_node: recording":
                    return status
        return None

    def value(self, key: str) -> str:
        status = self.health()
        values = {} if status is None else {item.key: item.value for item in status.values}
        return values.get(key, "")

    def bags(self, folder: str, kind: str) -> list[Path]:
        return sorted((self.cell.folder / folder).glob(f"{kind}_*"))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    folder = tmp_path_factory.mktemp("recording")
    model = tiny_model.write(folder / "tiny").folder
    with MockCell(folder, lockstep=False) as cell:
        cell.start_policy(model, lockstep=False)
        cell.ready()
        yield Recording(cell, model)


def test_an_episode_is_recorded_whole_and_repeats_bit_for_bit(
    recording: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = recording.cell
    cell.ready()
    process = recording.recorder("whole", robot="mock")
    cell.until(lambda: recording.value("topics") != "", "health")
    time.sleep(2.5)  # the parameters of the other nodes are asked for
    reason, result = cell.grasp(seed=7)
    assert reason is TerminationReason.POLICY_TERMINATED
    cell.until(lambda: recording.value("closed") == "1", "complete bag")
    assert process.end() < 5.0
    (bag,) = recording.bags("whole", "episode")
    assert {item.topic for item in BagReader(bag).stored()} >= TOPICS
    notes = BagReader(bag).notes
    assert notes["rlcg"]["robot"] == "mock"
    assert notes["rlcg"]["git"]
    assert notes["parameters/policy_node"]["max_steps"] == "40"
    assert notes["parameters/arm_node"]
    (episode,) = EpisodeReader(bag).episodes()
    assert [step.msg.step for step in episode.steps] == list(range(result.steps))
    assert episode.problems == []
    assert episode.reason is TerminationReason.POLICY_TERMINATED
    assert {step.msg.seed for step in episode.steps} == {7}
    sent = [msg for _, msg in BagReader(bag).messages(["grasp_command"])]
    assert [c.q_value for c in sent] == [step.msg.q_value for step in episode.steps]
    assert replay_bag(bag, str(recording.model), "", 0) == 0
    assert f"{result.steps} of {result.steps} decisions repeated" in capsys.readouterr().out


def test_kill_9_in_the_middle_of_an_episode_costs_at_most_the_last_second(
    recording: Recording,
) -> None:
    cell = recording.cell
    cell.ready()
    process = recording.recorder("killed")
    handle = cell.send(seed=3)
    cell.until(lambda: len(cell.feedback) >= 6, "six decisions", 20.0)
    process.end(signal.SIGKILL)
    killed_ns = time.time_ns()
    assert cell.result(handle)[1].termination_reason == TerminationReason.POLICY_TERMINATED
    (bag,) = recording.bags("killed", "episode")
    assert not (bag / "metadata.yaml").exists()
    reader = BagReader(bag)
    newest_ns = max(item.message.log_time for item in reader.stored())
    assert reader.truncated
    # A second between flushes, and what a loaded machine adds.
    assert killed_ns - newest_ns < 1.5e9
    (episode,) = EpisodeReader(bag).episodes()
    assert episode.problems == []
    assert replay_bag(bag, str(recording.model), "", 0) == 0


def test_a_stopped_gate_dumps_the_seconds_before_it(recording: Recording) -> None:
    cell = recording.cell
    cell.ready()
    process = recording.recorder("fault", mode="faults", ring_s=3.0)
    publisher = cell.node.create_publisher(GraspCommand, "grasp_command", qos.COMMAND)
    cell.until(lambda: publisher.get_subscription_count() >= 2, "gate and recorder")
    time.sleep(2.0)
    bad = decision_to_msg(
        Decision(Action.hold(), math.nan, [], []), 0.0, ROBOT1.arm.base_frame, "bad", 0
    )
    bad.displacement.x = math.nan
    publisher.publish(bad)
    cell.until(lambda: recording.value("closed") == "1", "dump of the ring")
    process.end()
    cell.node.destroy_publisher(publisher)
    (bag,) = recording.bags("fault", "fault")
    assert "_GATE_" in bag.name
    stored = list(BagReader(bag).stored())
    stopped = [item.message.log_time for item in stored if item.topic == "/grasp_command"]
    joints = [item.message.log_time for item in stored if item.topic == "/joint_states"]
    assert stopped[-1] - min(joints) > 1.5e9


def test_a_disk_that_takes_no_more_stops_the_recording_and_not_the_robot(
    recording: Recording,
) -> None:
    cell = recording.cell
    cell.ready()
    process = recording.recorder("full", compression="none")
    # The kernel refuses every byte of a file beyond this size: EFBIG instead of ENOSPC.
    limit = 12_000_000
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    reason, result = cell.grasp(seed=4)
    assert reason is TerminationReason.POLICY_TERMINATED
    assert len(cell.commands) == result.steps

    def told() -> bool:
        status = recording.health()
        return status is not None and status.level == DiagnosticStatus.ERROR

    cell.until(told, "error in diagnostics")
    status = recording.health()
    assert status is not None
    assert "File too large" in status.message
    assert process.running
    process.end()
    (bag,) = recording.bags("full", "episode")
    assert sum(1 for _ in BagReader(bag).stored()) > 0


def test_a_dump_can_be_asked_for(recording: Recording) -> None:
    cell = recording.cell
    process = recording.recorder("asked")
    assert cell.call(Trigger, "record_node/dump", Trigger.Request()).success
    process.end()
    (bag,) = recording.bags("asked", "fault")
    assert bag.name.endswith("_ON_REQUEST")
    assert not BagReader(bag).truncated
