# SPDX-License-Identifier: Apache-2.0
"""Measure a bundle in `real_proxy` without ROS, in parallel: closed loop, unseen objects."""

from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from rlcg_core import bundle, seeds
from rlcg_core.cell import ROBOT1, Cell
from rlcg_core.errors import WorldError
from rlcg_core.reasons import Outcome
from rlcg_core.statistics import wilson_interval
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.serving_options import ServingOptions
from rlcg_proxy.play import play
from rlcg_proxy.tally import Tally
from rlcg_proxy.worlds import REAL_PROXY, ProxyWorlds
from rlcg_sim.pybullet_world import PyBulletWorld
from rlcg_sim.renderer import draw_with_one_thread
from rlcg_train.processes import processes


@dataclass(frozen=True)
class MeasureSettings:
    """What to measure. ``seed``: of the scenes, which are those of `evaluate_node`.

    ``kept``: file from which a measurement that was cut off goes on, if it is of the same bundle.
    """

    model: Path
    urdf: Path
    grasps: int = 408
    seed: int = 1
    look: str = REAL_PROXY
    objects: str = "proxy_test"
    workers: int = 2
    kept: Path | None = None
    cell: Cell = ROBOT1

    def tally(self) -> Tally:
        """Return what keeps the outcomes; raises `BundleError`."""
        digest = bundle.load(self.model).digest
        return Tally(self.kept, f"{digest} {self.look} {self.objects} seed {self.seed}")


def measure(settings: MeasureSettings) -> list[Outcome]:
    """Return the outcomes, scene by scene; prints the rate with its 95% interval.

    Raises `BundleError` for a broken bundle.
    """
    tally = settings.tally()
    outcomes = tally.read()[: settings.grasps]
    with processes(settings.workers, _open, (settings,), _close) as over:
        done = len(outcomes)
        jobs = over(_trial, range(done, settings.grasps))
        bar = tqdm(jobs, total=settings.grasps, initial=done, desc=settings.look, unit="grasp")
        for outcome in bar:
            outcomes.append(outcome)
            tally.write(outcomes)
            bar.set_postfix(successes=outcomes.count(Outcome.SUCCESS))
    successes = outcomes.count(Outcome.SUCCESS)
    trials = len(outcomes) - outcomes.count(Outcome.INVALID)
    low, high = wilson_interval(successes, trials)
    print(
        f"{settings.model.name} in {settings.look} on {settings.objects}: {successes}/{trials} = "
        f"{100 * successes / max(1, trials):.1f}% (95% interval {100 * low:.1f}-{100 * high:.1f}), "
        f"{len(outcomes) - trials} scenes that could not be set up"
    )
    return outcomes


@dataclass(frozen=True)
class _Bench:
    settings: MeasureSettings
    world: PyBulletWorld
    policy: OnnxPolicy


_BENCHES: list[_Bench] = []


def _open(settings: MeasureSettings) -> None:
    draw_with_one_thread()
    options = ServingOptions(plan="cpu-float32", threads=1)
    world = ProxyWorlds(settings.look, settings.cell)(settings.urdf, "egl")
    _BENCHES[:] = [_Bench(settings, world, OnnxPolicy(bundle.load(settings.model), options))]


def _close() -> None:
    _BENCHES.pop().world.close()


def _trial(number: int) -> Outcome:
    bench = _BENCHES[0]
    seed = seeds.evaluation_seed(bench.settings.seed, number)
    try:
        bench.world.reset(seed, bench.settings.objects)
    except WorldError:
        return Outcome.INVALID
    return play(bench.world, bench.policy, seed, keep_frames=False).outcome
