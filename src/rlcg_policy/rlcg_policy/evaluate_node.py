# SPDX-License-Identifier: Apache-2.0
"""evaluate_node: N grasps in the simulated cell, through the same topics as on a robot, a report.

Each attempt: `sim_node/reset`, `arm_node/home`, one `policy_node/grasp`, `sim_node/outcome`. The
protocol is `rlcg_policy.evaluation`; the parameters: `rlcg_policy.evaluate_parameters`.
"""

import sys
import threading
from datetime import datetime, timezone
from pathlib import Path

from rclpy.node import Node

from rlcg_core.errors import RlcgError, WorldError
from rlcg_policy.evaluate_parameters import EvaluateParameters
from rlcg_policy.evaluation import Evaluation
from rlcg_policy.provenance import source_commit
from rlcg_policy.report import console
from rlcg_policy.report.folder import RunFolder
from rlcg_policy.report.record import GraspRecord, Report
from rlcg_ros.calls import Caller, CallStoppedError
from rlcg_ros.parameters import declare
from rlcg_ros.run import complain, run
from rlcg_ros.station import RosStation, Waits

JOIN_S = 1.5


class EvaluateNode(Node):  # type: ignore[misc]  # rclpy has no types
    """Runs one evaluation and ends; the work is done in a thread beside the executor."""

    def __init__(self) -> None:
        super().__init__("evaluate_node")
        self.exit_code: int | None = None
        self._settings = settings = declare(self, EvaluateParameters)
        self._caller = Caller(self, _say)
        waits = Waits(settings.wait_for_nodes_s, settings.reset_timeout_s, settings.home_timeout_s)
        self._station = RosStation(self, self._caller, waits)
        self._thread = threading.Thread(target=self._work, name="evaluation")

    def begin(self) -> None:
        """Start the evaluation."""
        self._thread.start()

    def before_exit(self) -> None:
        """End the evaluation; what was done is on disk already."""
        self._caller.stop()
        if self._thread.ident is not None:
            self._thread.join(JOIN_S)

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
        settings = self._settings
        self._station.wait_for_nodes()
        report = Report(
            model="unknown",
            objects=settings.objects,
            seed=settings.seed,
            wanted=settings.grasps,
            commit=source_commit(),
            backend=settings.backend,
            started=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        )
        folder = RunFolder(
            Path(settings.run_directory).expanduser(), settings.backend, datetime.now()
        )

        def on_record(record: GraspRecord) -> None:
            folder.write(report, evaluation.strip)
            _say(console.line(record, report.wanted))

        evaluation = Evaluation(self._station, report, on_record)
        try:
            evaluation.run()
        finally:
            if report.episodes:
                _say(console.table(report, folder.path))
        if report.commands == 0:
            raise WorldError("not one command was sent in the whole run: see the lines above")
        return 0


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    """Run the node."""
    sys.exit(run(EvaluateNode))


if __name__ == "__main__":
    main()
