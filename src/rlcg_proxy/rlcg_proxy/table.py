# SPDX-License-Identifier: Apache-2.0
"""Makes the rows of the table, as a lab would: log, train, export, measure, store.

Training reads the log's shards from disk and nothing else of this world. Every step is skipped
where it was done before, so the same command goes on where it stopped.
"""

from dataclasses import dataclass
from pathlib import Path

from rlcg_core.manifest import Training
from rlcg_core.robots import ROBOTS, Robot
from rlcg_proxy.lab_log import LogSettings, fill_log
from rlcg_proxy.measure import MeasureSettings
from rlcg_proxy.table_results import FINDER, judge_again, measure_row
from rlcg_proxy.worlds import REAL_PROXY
from rlcg_sim.description import find_urdf
from rlcg_sim.makers import BuiltInWorlds
from rlcg_train.adapt import results
from rlcg_train.adapt.generator_plans import RCAN, plan
from rlcg_train.adapt.pair_collection import PairSettings, collect_pairs
from rlcg_train.adapt.recipes import RECIPES, Recipe, first_of_look, recipe
from rlcg_train.adapt.scales import SMALL, Scale
from rlcg_train.adapt.seen_through import ACTOR, POLICY
from rlcg_train.adapt.workshop import SIM_ONLY, Workshop
from rlcg_train.collect import ATTEMPTS_PER_SHARD, CollectSettings, collect
from rlcg_train.export import ExportSettings, current_commit, export
from rlcg_train.from_logs import make_shards
from rlcg_train.profiles import GOALS
from rlcg_train.provenance import describe

# On-policy attempts of each row: training's own range, above those of all other commands.
FIRST_ON_POLICY, ROW_STRIDE = 2**36 + 2**30, 10_000
# Episodes that policies are tuned on come after those of the log.
FIRST_TUNING = 50_000
# The worlds that rows are measured in.
WORLDS = (REAL_PROXY, "sim")


@dataclass(frozen=True)
class TableSettings:
    """``log``: folder of episodes, made if it lacks some. ``worlds``: of `WORLDS`."""

    root: Path
    results: Path
    log: Path
    scale: Scale = SMALL
    rows: tuple[str, ...] = tuple(one.name for one in RECIPES)
    seed: int = 1
    workers: int = 2
    threads: int = 1
    worlds: tuple[str, ...] = WORLDS
    robot: Robot = ROBOTS["robot1"]

    def objects(self, world: str) -> str:
        """Return the objects that no row has seen, of one of `WORLDS`."""
        return "proxy_test" if world == REAL_PROXY else self.robot.test_objects


class Table:
    """Makes rows one after the other."""

    def __init__(self, settings: TableSettings) -> None:
        self.settings, self._urdf = settings, find_urdf(settings.robot.cell.urdf)
        self._shop = Workshop(
            settings.root,
            settings.scale,
            settings.seed,
            settings.threads,
            profile=GOALS[settings.robot.cell.name].name,
        )

    def make(self) -> None:
        """Make all rows that were asked for."""
        for name in self.settings.rows:
            print(f"--- {name}", flush=True)
            self._row(recipe(name))

    def _need_log(self, amount: int) -> None:
        """Log as many episodes as an index of amounts says, in whole shards, and make these."""
        amounts, out = self.settings.scale.amounts, self.settings.log
        shards = -(-amounts[amount] // ATTEMPTS_PER_SHARD)
        wanted = min(shards * ATTEMPTS_PER_SHARD, amounts[-1])
        workers, robot = self.settings.workers, self.settings.robot
        fill_log(LogSettings(out, self._urdf, wanted, workers=workers, robot=robot))
        self._name(make_shards([out], self._shop.stock.real_shards, wanted))

    def _name(self, left_out: dict[str, str]) -> None:
        for name, reason in left_out.items():
            print(f"left out {name}: {reason}", flush=True)

    def _row(self, row: Recipe) -> None:
        stored = self.settings.results
        judge_again(self._shop, row, stored)
        missing = [
            world
            for world in self.settings.worlds
            if not results.path_of(stored, row.name, world).exists()
        ]
        if not missing:
            return
        self._train(row)
        model = self._export(row)
        for world in missing:
            self._measure(row, model, world)

    def _train(self, row: Recipe) -> None:
        """Train a generator, a first policy where attempts in simulation want one, and the last."""
        if row.look:
            self._need_look(row.look)
        if row.generator:
            self._need_generator(row.generator)
        if row.amount is not None:
            self._need_log(row.amount)
        if row.tunes:
            self._need_tuning(row)
        more = self._attempts(row) if row.look else None
        self._shop.train_policy(row, 1, more)

    def _need_look(self, look: str) -> None:
        scale = self.settings.scale
        per_shard = min(ATTEMPTS_PER_SHARD, scale.sim_attempts)
        settings = PairSettings(
            self._shop.stock.look(look),
            self._urdf,
            look,
            scale.sim_attempts,
            per_shard,
            self.settings.workers,
            objects=self.settings.robot.train_objects,
            rule=self.settings.robot.rule,
            cell=self.settings.robot.cell,
        )
        collect_pairs(settings)

    def _need_generator(self, name: str) -> None:
        chosen = plan(name)
        if chosen.method == RCAN:
            self._need_look("randomized_heavy")
        else:
            self._need_log(chosen.amount)
        if not (self._shop.policy(SIM_ONLY) / POLICY).exists():
            self._train(recipe(SIM_ONLY))
        self._shop.train_generator(chosen)
        if chosen.method == RCAN:
            self._shop.train_generator(plan(FINDER))  # it judges all, and learns from these pairs

    def _need_tuning(self, row: Recipe) -> None:
        """Let the row that is tuned act in `real_proxy`, and log that."""
        before = recipe(row.tunes)
        self._train(before)
        shards = self._shop.stock.tuning_shards(row)
        settings = LogSettings(
            shards.parent / "log",
            self._urdf,
            self.settings.scale.tuning_episodes,
            FIRST_TUNING,
            self.settings.workers,
            self._export(before),
            self.settings.robot,
        )
        fill_log(settings)
        self._name(make_shards([settings.out], shards))

    def _attempts(self, row: Recipe) -> Path:
        """Return attempts in simulation by a first policy, the row's own or one for its look."""
        shared = not self.settings.scale.own_attempts
        return self._on_policy(first_of_look(row.look) if shared else row)

    def _on_policy(self, row: Recipe) -> Path:
        """Return attempts of the row's first policy, which sees what it learned to see."""
        self._shop.train_policy(row, 0)
        folder, scale = self._shop.policy(row.name, 0), self.settings.scale
        actor = folder / (ACTOR if row.generator else POLICY)
        settings = CollectSettings(
            folder.parent / "on_policy",
            self._urdf,
            scale.on_policy_attempts,
            FIRST_ON_POLICY + ROW_STRIDE * [one.name for one in RECIPES].index(row.name),
            workers=self.settings.workers,
            tiny_every=0,
            checkpoint=str(actor),
            objects=self.settings.robot.train_objects,
            rule=self.settings.robot.rule,
            open_world=BuiltInWorlds(row.look, self.settings.robot.cell),
            per_shard=min(ATTEMPTS_PER_SHARD, scale.on_policy_attempts),
        )
        collect(settings)
        return settings.out

    def _export(self, row: Recipe) -> Path:
        out = self.settings.root / "models" / row.name
        checkpoint = self._shop.policy(row.name) / POLICY
        if not (out / "golden.json").exists():
            training = Training(commit=current_commit(), **describe(checkpoint))
            export(ExportSettings(checkpoint, out, training, self.settings.scale.samples))
        return out

    def _measure(self, row: Recipe, model: Path, world: str) -> None:
        settings, kept = self.settings, model.with_name(f"{row.name}.{world}.outcomes")
        asked = MeasureSettings(
            model,
            self._urdf,
            settings.scale.grasps,
            settings.seed,
            world,
            settings.objects(world),
            settings.workers,
            kept,
            settings.robot.cell,
        )
        measure_row(self._shop, row, asked, settings.results)
