# SPDX-License-Identifier: Apache-2.0
"""Trains the generators and policies of the table's rows in one folder, each step resumable.

It reads simulated shards and real ones made of logged episodes; it knows no world.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from rlcg_core.errors import DataError
from rlcg_train import checkpoints
from rlcg_train.adapt.cycle_gan import CycleGanStage
from rlcg_train.adapt.domain import DomainData
from rlcg_train.adapt.files import load_generator
from rlcg_train.adapt.finder import FinderStage
from rlcg_train.adapt.gan import GanStage
from rlcg_train.adapt.gan_settings import GanSettings, Weights
from rlcg_train.adapt.generator_plans import RCAN, GeneratorPlan, plan
from rlcg_train.adapt.goal_task import GoalTask
from rlcg_train.adapt.grasp_gan import GraspGanStage
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.policy import PolicyStage
from rlcg_train.adapt.policy_settings import PolicySettings, real_weight
from rlcg_train.adapt.rcan import RcanStage
from rlcg_train.adapt.recipes import Recipe
from rlcg_train.adapt.rl_cycle_gan import RlCycleGanStage
from rlcg_train.adapt.run import CHECKPOINT, AdaptRun, RunSettings
from rlcg_train.adapt.scales import Scale
from rlcg_train.adapt.seen_through import POLICY
from rlcg_train.adapt.stage import Stage
from rlcg_train.adapt.stock import Stock
from rlcg_train.adapt.stopping import until_asked_to_stop
from rlcg_train.device import Compute, choose
from rlcg_train.network import GraspNetwork
from rlcg_train.run_folder import read_state

SIM_ONLY = "sim_only"


@dataclass(frozen=True)
class Workshop:
    """Keeps ``generators`` and ``policies`` under ``root``, beside what its `Stock` has.

    ``compute``: where runs compute; a GPU and bfloat16 where there are any. ``profile``: the
    robot's own of `rlcg_train.profiles.GOALS`.
    """

    root: Path
    scale: Scale
    seed: int = 1
    threads: int = 1
    compute: Compute = field(default_factory=choose)
    profile: str = "goal"

    @cached_property
    def stock(self) -> Stock:
        """What is learned from."""
        return Stock(self.root, self.scale, self.compute.device)

    def generator(self, name: str) -> Path:
        """Return the folder of a generator's run."""
        return self.root / "generators" / name

    def policy(self, name: str, round_number: int = 1) -> Path:
        """Return the folder of a policy's run."""
        return self.root / "policies" / name / f"round_{round_number}"

    def train_generator(self, chosen: GeneratorPlan) -> None:
        """Train a generator, or go on, unless it is done; raises `DataError` if it diverges."""
        out = self.generator(chosen.name)
        arguments = {"plan": asdict(chosen), "scale": self.scale.as_dict(generators=True)}
        steps = chosen.times * self.scale.gan_steps
        self._run(out, arguments, lambda: (self._stage(chosen), steps))

    def train_policy(self, row: Recipe, round_number: int, more_sim: Path | None = None) -> None:
        """Train a row's policy; ``more_sim``: folder of on-policy attempts in simulation."""
        out = self.policy(row.name, round_number)
        arguments = {
            "row": {**asdict(row), "mixing": row.mixing.value},
            "scale": self.scale.as_dict(generators=bool(row.generator)),
            "round": round_number,
            "defaults": PolicySettings().as_dict(),
        }

        def make() -> tuple[Stage, int]:
            stage = self._policy_stage(row, more_sim)
            return stage, stage.settings.steps

        self._run(out, arguments, make)

    def _run(
        self, out: Path, arguments: dict[str, Any], make: Callable[[], tuple[Stage, int]]
    ) -> None:
        """Run, or go on; ``make`` returns what learns and for how many steps."""
        plain = json.loads(json.dumps(arguments))
        if (out / CHECKPOINT).exists() and read_state(out).state == "finished":
            if read_state(out).settings != plain:
                raise DataError(f"{out} is of other settings than these: give another --root")
            return
        stage, steps = make()
        settings = RunSettings(out, plain, steps, self.seed, self.threads)
        run = AdaptRun(settings, stage, self.compute)
        with until_asked_to_stop() as asked:
            ended = run.go(asked)
        if ended == "interrupted":
            raise KeyboardInterrupt
        if ended == "diverged":
            raise DataError(f"{out} diverged: {read_state(out).note}")

    def _stage(self, chosen: GeneratorPlan) -> Stage:
        scale = self.scale
        settings = GanSettings(
            scale.side_px,
            scale.gan_divisor,
            scale.gan_divisor,
            scale.gan_scales,
            batch=scale.gan_batch,
            learning_rate=scale.gan_rate,
            weights=Weights(scene=chosen.scene),
        )
        if chosen.method == RCAN:
            return RcanStage(settings, self._halves(self.stock.sim("randomized_heavy")), self.seed)
        sim = self._halves(self.stock.sim("sim"))
        if chosen.method == "finder":
            heavy = self._halves(self.stock.sim("randomized_heavy"))
            return FinderStage(settings, (sim, heavy), self.seed)
        real = self._halves(self.stock.real(chosen.amount))
        if chosen.method == "gan":
            return GanStage(settings, sim, real, self.seed)
        if chosen.method == "cycle_gan":
            return CycleGanStage(settings, sim, real, self.seed)
        if chosen.method == "grasp_gan":
            task = self._begun_task()
            return GraspGanStage(settings, sim, real, task, chosen.labelled, self.seed)
        tasks = self._begun_task(), self._begun_task()
        return RlCycleGanStage(settings, sim, real, tasks, self.seed)

    def _halves(self, data: DomainData) -> GoalHalves:
        return GoalHalves(data, self.compute)

    def _begun_task(self) -> GoalTask:
        """Return a Q that begins with Sim-Only's weights.

        The papers begin from scratch and learn for much longer; a Q that knows nothing yet asks
        nothing of the generators.
        """
        task = GoalTask(self.scale.network)
        task.network.load_state_dict(self._weights(self.policy(SIM_ONLY) / POLICY))
        return task

    def _weights(self, checkpoint: Path) -> dict[str, Any]:
        network = checkpoints.load(checkpoint)[1]
        if not isinstance(network, GraspNetwork):
            raise DataError(f"{checkpoint} is no grasp-success predictor: give one")
        return {k: v for k, v in network.state_dict().items() if not k.startswith("generator.")}

    def _policy_stage(self, row: Recipe, more_sim: Path | None) -> PolicyStage:
        sim = self.stock.sim(row.look, more_sim) if row.look else None
        real = self.stock.labelled(row)
        generator = None
        if row.generator:
            generator = load_generator(self.generator(plan(row.generator).name) / CHECKPOINT)
            generator.to(self.compute.device)
        settings = self._policy_settings(row, sim, real, self.stock.folders(row, more_sim))
        kind = f"policy of {row.name}"
        stage = PolicyStage(settings, sim, real, generator, kind, self.compute, self.profile)
        if row.tunes:
            stage.Q.network.load_state_dict(self._weights(self.policy(row.tunes) / POLICY))
        return stage

    def _policy_settings(
        self, row: Recipe, sim: DomainData | None, real: DomainData | None, folders: list[Path]
    ) -> PolicySettings:
        scale, weight = self.scale, 1.0
        if real is not None:
            weight = real_weight(real.episodes) if row.real_weight is None else row.real_weight
        return PolicySettings(
            scale.steps_of_policy([len(half.train) for half in (sim, real) if half is not None]),
            scale.policy_batch,
            mixing=row.mixing,
            real_weight=weight,
            with_own=row.with_own,
            seed=self.seed,
            data=tuple(str(folder) for folder in folders),
            network=replace(scale.network, channels=6 if row.with_own else 3),
        )
