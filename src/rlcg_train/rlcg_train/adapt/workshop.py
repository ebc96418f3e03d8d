# SPDX-License-Identifier: Apache-2.0
"""Trains the generators and policies of the table's rows in one folder, each step resumable.

It reads simulated shards and real ones made of logged episodes; it knows no world.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rlcg_core.errors import DataError
from rlcg_train import checkpoints
from rlcg_train.adapt import domain_files
from rlcg_train.adapt.cycle_gan import CycleGanStage
from rlcg_train.adapt.domain import DomainData, together
from rlcg_train.adapt.files import load_generator
from rlcg_train.adapt.gan import GanStage
from rlcg_train.adapt.gan_settings import GanSettings
from rlcg_train.adapt.goal_task import GoalTask
from rlcg_train.adapt.grasp_gan import GraspGanStage
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.policy import PolicyStage
from rlcg_train.adapt.policy_settings import PolicySettings, real_weight
from rlcg_train.adapt.rcan import RcanStage
from rlcg_train.adapt.recipes import GeneratorPlan, Recipe, plan
from rlcg_train.adapt.rl_cycle_gan import RlCycleGanStage
from rlcg_train.adapt.run import CHECKPOINT, AdaptRun, RunSettings
from rlcg_train.adapt.scales import Scale
from rlcg_train.adapt.seen_through import POLICY
from rlcg_train.adapt.stage import Stage
from rlcg_train.adapt.stopping import until_asked_to_stop
from rlcg_train.device import Compute, choose
from rlcg_train.network import GraspNetwork
from rlcg_train.run_folder import read_state

SIM_ONLY = "sim_only"
# Data sets in memory at once, each up to a gigabyte.
KEPT = 3


@dataclass(frozen=True)
class Workshop:
    """Where things lie: ``data/LOOK``, ``real/shards``, ``generators``, ``policies``.

    ``compute``: where runs compute; a GPU and bfloat16 where there are any. ``profile``: the
    robot's own of `rlcg_train.profiles.GOALS`.
    """

    root: Path
    scale: Scale
    seed: int = 1
    threads: int = 1
    compute: Compute = field(default_factory=choose)
    profile: str = "goal"
    _loaded: dict[str, DomainData] = field(default_factory=dict)

    def look(self, name: str) -> Path:
        """Return the folder of a look's shards."""
        return self.root / "data" / name

    @property
    def real_shards(self) -> Path:
        """Return the folder of the shards made of the log."""
        return self.root / "real" / "shards"

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
        self._run(out, arguments, lambda: (self._stage(chosen), self.scale.gan_steps))

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
        )
        if chosen.method == "rcan":
            return RcanStage(settings, self._halves(self._sim("randomized_heavy")), self.seed)
        sim = self._halves(self._sim("sim"))
        real = self._halves(self._real(scale.amounts[chosen.amount]))
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
        sim = self._sim(row.look, more_sim) if row.look else None
        real = self._labelled(row)
        generator = None
        if row.generator:
            generator = load_generator(self.generator(plan(row.generator).name) / CHECKPOINT)
            generator.to(self.compute.device)
        settings = replace(
            self._policy_settings(row, sim, real),
            data=tuple(str(folder) for folder in self._folders(row, more_sim)),
        )
        kind = f"policy of {row.name}"
        stage = PolicyStage(settings, sim, real, generator, kind, self.compute, self.profile)
        if row.tunes:
            stage.Q.network.load_state_dict(self._weights(self.policy(row.tunes) / POLICY))
        return stage

    def _policy_settings(
        self, row: Recipe, sim: DomainData | None, real: DomainData | None
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
            network=replace(scale.network, channels=6 if row.with_own else 3),
        )

    def _folders(self, row: Recipe, more_sim: Path | None) -> list[Path]:
        """Return the shards that a row's policy learns from, for its manifest."""
        folders = [self.look(row.look)] if row.look else []
        folders += [more_sim] if more_sim is not None else []
        folders += [self.real_shards] if row.amount is not None else []
        return folders + ([self.tuning_shards(row)] if row.tunes else [])

    def _sim(self, look: str, more: Path | None = None) -> DomainData:
        folders = [self.look(look), *([more] if more is not None else [])]
        return self._load(folders, 0)

    def _real(self, episodes: int) -> DomainData:
        return self._load([self.real_shards], episodes)

    def _labelled(self, row: Recipe) -> DomainData | None:
        """Return the real grasps that a policy learns from: of the log, and those it tunes on."""
        amount = None if row.amount is None else self.scale.amounts[row.amount]
        parts = [] if amount is None else [self._real(amount)]
        parts += [self._load([self.tuning_shards(row)], 0)] if row.tunes else []
        return together(parts) if len(parts) > 1 else next(iter(parts), None)

    def real_episodes(self, row: Recipe) -> int:
        """Return how many real episodes a row has used, labelled, for its generator or to tune."""
        amounts = [] if row.amount is None else [row.amount]
        if row.generator and plan(row.generator).method != "rcan":
            amounts.append(plan(row.generator).amount)
        used = max((self._real(self.scale.amounts[k]).episodes for k in amounts), default=0)
        tuned = self._load([self.tuning_shards(row)], 0).episodes if row.tunes else 0
        return used + tuned

    def tuning_shards(self, row: Recipe) -> Path:
        """Return the folder of the shards of a row's own episodes."""
        return self.root / "real" / f"tuning_{row.tunes}" / "shards"

    def _load(self, folders: list[Path], episodes: int) -> DomainData:
        """Return data, kept for the next row; names what was left out."""
        key = f"{folders} {episodes}"
        if key not in self._loaded:
            while len(self._loaded) >= KEPT:
                self._loaded.pop(next(iter(self._loaded)))
            found = domain_files.load(folders, self.scale.side_px, episodes)
            for name, reason in found.left_out.items():
                print(f"left out {name}: {reason}", flush=True)
            self._loaded[key] = found.to(self.compute.device)
        return self._loaded[key]
