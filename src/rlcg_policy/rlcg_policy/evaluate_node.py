# SPDX-License-Identifier: Apache-2.0
"""evaluate_node: a protocol's grasps on one robot or several, by their topics, into one report.

Each attempt: the scene, `arm_node/home`, one `policy_node/grasp`, the judges. The protocols are
`rlcg_core.protocol`, a robot's part is `rlcg_policy.evaluation`; the parameters:
`rlcg_policy.evaluate_parameters`.
"""

import sys
import threading
from pathlib import Path

from rclpy.node import Node

from rlcg_core.errors import RlcgError, WorldError
from rlcg_core.outcome_sources import Source, parse_sources
from rlcg_core.robots import ROBOTS
from rlcg_policy.evaluate_parameters import EvaluateParameters
from rlcg_policy.evaluation import Evaluation
from rlcg_policy.profiled_cell import profiled_cell
from rlcg_policy.report import console
from rlcg_policy.report.record import GraspRecord
from rlcg_policy.run_setup import open_book, wanted_protocol
from rlcg_policy.team import Team
from rlcg_ros.base_calls import BaseCalls
from rlcg_ros.bins import Bin, BinOfPeople, SimulatedBin
from rlcg_ros.calls import Caller, CallStoppedError
from rlcg_ros.cell_watch import CellWatch
from rlcg_ros.episode_notes import EpisodeNotes
from rlcg_ros.gripper_look import GripperLook
from rlcg_ros.judges import Judges
from rlcg_ros.operator_desk import OperatorDesk
from rlcg_ros.parameters import declare
from rlcg_ros.run import complain, run
from rlcg_ros.shares import find_share, find_urdf
from rlcg_ros.station import RosStation, Waits

JOIN_S = 1.5


class EvaluateNode(Node):  # type: ignore[misc]  # rclpy has no types
    """Runs one evaluation and ends; the work is done in threads beside the executor."""

    def __init__(self) -> None:
        super().__init__("evaluate_node")
        self.exit_code: int | None = None
        self._settings = settings = declare(self, EvaluateParameters)
        trained = ROBOTS[settings.robot].cell
        self._cell = profiled_cell(settings.profile, find_share(), trained)
        wanted_protocol(settings)  # what cannot work is told before anything is waited for
        self._sources = parse_sources(settings.outcome_sources)
        self._caller = Caller(self, _say)
        people = settings.backend == "robot" or Source.OPERATOR in self._sources
        self._desk = OperatorDesk(self, settings.label_timeout_s, _say) if people else None
        self._stations = [self._station(name) for name in settings.robots]
        self._thread = threading.Thread(target=self._work, name="evaluation")

    def begin(self) -> None:
        """Start the evaluation."""
        self._thread.start()

    def before_exit(self) -> None:
        """End the evaluation; what was done is on disk already."""
        self._caller.stop()
        if self._thread.ident is not None:
            self._thread.join(JOIN_S)

    def _station(self, robot: str) -> RosStation:
        settings, caller = self._settings, self._caller
        prefix = f"{robot}/" if robot else ""
        watch = CellWatch(self, prefix)
        filler: Bin
        if settings.backend == "robot" and self._desk is not None:
            filler = BinOfPeople(caller, self._desk, robot)
        else:
            filler = SimulatedBin(self, caller, prefix, settings.reset_timeout_s)
        judges = Judges(caller, filler, self._desk, self._look(watch, prefix), robot)
        waits = Waits(settings.wait_for_nodes_s, settings.reset_timeout_s, settings.home_timeout_s)
        bags = Path(settings.bag_directory).expanduser() if settings.bag_directory else None
        notes = EpisodeNotes(self, prefix, bags, _say)
        base = BaseCalls(self, caller, prefix) if self._settings.drives_base else None
        cell = self._cell
        return RosStation(self, caller, waits, watch, filler, judges, notes, prefix, cell, base)

    def _look(self, watch: CellWatch, prefix: str) -> GripperLook | None:
        """Return what the sources that move the gripper need, None where there is none of them."""
        if not {Source.GRIPPER_OPENING, Source.IMAGE_DIFFERENCE} & set(self._sources):
            return None
        from rlcg_policy.kinematics import PinocchioKinematics  # takes a while to import

        settings = self._settings
        cell = self._cell
        kinematics = PinocchioKinematics(find_urdf(cell.urdf), cell.arm)
        realtime = settings.backend == "robot" or not settings.lockstep
        return GripperLook(self, self._caller, watch, cell, kinematics, prefix, realtime)

    def _work(self) -> None:
        """Evaluate and set the exit code; a defect of the program shows and ends it as well."""
        code = 1
        try:
            code = self._evaluate()
        except CallStoppedError:
            code = 0
        except RlcgError as error:
            code = complain(error)
        finally:
            self.exit_code = code

    def _evaluate(self) -> int:
        for station in self._stations:
            station.wait_for_nodes()
        models = [(station.model.name, station.model.digest) for station in self._stations]

        def on_record(record: GraspRecord) -> None:
            _say(console.line(record, book.report.wanted))

        book, folder = open_book(self._settings, models, on_record)
        stations = enumerate(self._stations)
        team = Team([Evaluation(one, book, self._sources, robot) for robot, one in stations])
        try:
            team.run(on_error=self._caller.stop)
        finally:
            book.close()
            if book.report.episodes:
                _say(console.table(book.report, folder.path))
        if book.report.grasps == 0:
            raise WorldError("not one grasp was valid in the whole run: see the lines above")
        return 0


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    """Run the node."""
    sys.exit(run(EvaluateNode))


if __name__ == "__main__":
    main()
