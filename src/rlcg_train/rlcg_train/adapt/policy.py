# SPDX-License-Identifier: Apache-2.0
"""Stage "policy": a new Q from scratch behind a frozen generator, for every method of the table.

RL-CycleGAN's final phase; with no generator Sim-Only, Randomized, Real-Only or Sim+Real, with a
domain classifier and norms of each domain GraspGAN's, with the picture beside G(x) RCAN's. Where
both domains are learned from, a batch is half and half and the real half's loss is weighted.
"""

import json
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from rlcg_core.errors import ConfigError, DataError
from rlcg_train import augment
from rlcg_train.adapt.domain import DomainData, Rows
from rlcg_train.adapt.domain_norm import Domain, for_domain, seeing, split
from rlcg_train.adapt.frozen import adapted, weights_hash
from rlcg_train.adapt.goal_task import GoalTask
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.reversal import DomainClassifier, strength_at
from rlcg_train.adapt.routing import Route
from rlcg_train.adapt.seen_through import ACTOR, POLICY, SeenThrough, goal_checkpoint
from rlcg_train.adapt.stage import Stage
from rlcg_train.adapt.task import td_loss
from rlcg_train.adapt.unet import UNet
from rlcg_train.fit import auc
from rlcg_train.network import NetworkSettings

# RL-CycleGAN, appendix A: 0.1 up to 10,000 real episodes, 2 from 80,000 on; between unpublished.
FEW_EPISODES, MANY_EPISODES = 10_000, 80_000
JUDGED = 512


def real_weight(episodes: int) -> float:
    """Return lambda_RL-real for a number of real episodes."""
    if episodes <= FEW_EPISODES:
        return 0.1
    return 2.0 if episodes >= MANY_EPISODES else 1.0


class Mixing(Enum):
    """How the domains share a network: one batch norm, one for each, or that and DANN."""

    SHARED = "shared"
    SPLIT = "split"
    ADVERSARIAL = "adversarial"


@dataclass(frozen=True)
class PolicySettings:
    """How to train. ``with_own``: the network sees x beside G(x); ``dann``: weight of that loss.

    ``data``: folders of what it learns from, for the bundle's manifest.
    """

    steps: int = 1000
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    mixing: Mixing = Mixing.SHARED
    real_weight: float = 1.0
    with_own: bool = False
    dann: float = 0.1
    seed: int = 1
    data: tuple[str, ...] = ()
    network: NetworkSettings = field(default_factory=lambda: NetworkSettings(picture_px=118))

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for the run's arguments."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=lambda m: m.value))
        return plain


class PolicyStage(Stage):
    """Q_real by cross-entropy on what it will see, adapted simulation and reality."""

    kind = "policy"

    def __init__(
        self,
        settings: PolicySettings,
        sim: DomainData | None,
        real: DomainData | None,
        generator: UNet | None = None,
        kind: str = "policy",
    ) -> None:
        """``sim`` or ``real`` may be None; ``generator`` frozen. Raises `ConfigError`."""
        if sim is None and real is None:
            raise ConfigError("a policy learns from simulated grasps, real ones or both: give some")
        if settings.mixing is not Mixing.SHARED and (sim is None or real is None):
            raise ConfigError(
                f"mixing {settings.mixing.value} needs labelled grasps of both domains"
            )
        torch.manual_seed(settings.seed)
        self.kind, self.settings, self.generator = kind, settings, generator
        self.frozen_hash = "" if generator is None else weights_hash(generator)
        self._halves = self._sources(sim, real)
        self.Q = GoalTask(settings.network)
        self.networks = {"Q": self.Q}
        if settings.mixing is not Mixing.SHARED:
            split(self.Q.network)
        learned: list[nn.Module] = [self.Q]
        self.routes = (Route("rl", 1.0, ("Q",)),)
        if settings.mixing is Mixing.ADVERSARIAL:
            self.networks["domain"] = DomainClassifier(settings.network.features)
            learned.append(self.networks["domain"])
            self.routes += (Route("domain", settings.dann, ("Q", "domain")),)
        parameters = [p for network in learned for p in network.parameters()]
        optimizer = torch.optim.AdamW(
            parameters, settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.optimizers = {"q": optimizer}
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, settings.learning_rate, total_steps=settings.steps + 1
        )

    def _sources(
        self, sim: DomainData | None, real: DomainData | None
    ) -> dict[Domain, tuple[GoalHalves, float]]:
        """Return what is learned from, with the weights of the losses; sim seen through G."""
        found: dict[Domain, tuple[GoalHalves, float]] = {}
        if sim is not None:
            found[Domain.SIM] = GoalHalves(self._seen(sim, self.generator)), 1.0
        if real is not None:
            # RCAN's generator sees reality too; the others' make it.
            through = self.generator if self.settings.with_own else None
            weight = self.settings.real_weight if sim is not None else 1.0
            found[Domain.REAL] = GoalHalves(self._seen(real, through)), weight
        return found

    def _seen(self, data: DomainData, generator: UNet | None) -> DomainData:
        if data.side_px != self.settings.network.picture_px:
            raise DataError(
                f"pictures are {data.side_px} px, the network takes "
                f"{self.settings.network.picture_px}: load them at that side"
            )
        return data if generator is None else adapted(data, generator, self.settings.with_own)

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """Learn from a batch, half of it from each domain if there are two."""
        count = self.settings.batch // len(self._halves)
        logits, features, losses = [], {}, []
        for domain, (source, weight) in self._halves.items():
            half = source.draw(count, rng)
            with seeing(self.Q, domain):
                one, features[domain] = self._varied(half.picture, half.rows)
            logits.append(one)
            losses.append(weight * td_loss(one, half.rows.success))
        found = {"rl": torch.stack(losses).sum()}
        if self.settings.mixing is Mixing.ADVERSARIAL:
            found["domain"] = self._domain_loss(features)
        numbers = self.descend(found)
        self._schedule.step()
        return numbers

    def _varied(self, picture: Tensor, rows: Rows) -> tuple[Tensor, Tensor]:
        """Return logits (B,) and features (B, F), colours and sides changed."""
        patches, numbers = self.Q.inputs(picture, rows)
        patches, numbers = augment.mirror(augment.colours(patches), numbers)
        features = self.Q.network.features(patches)
        logits: Tensor = self.Q.network.head(torch.cat([features, numbers], dim=1))[:, 0]
        return logits, features

    def _domain_loss(self, features: dict[Domain, Tensor]) -> Tensor:
        progress = self._schedule.last_epoch / self.settings.steps
        classifier = self.networks["domain"]
        assert isinstance(classifier, DomainClassifier)
        return classifier.loss(features[Domain.SIM], features[Domain.REAL], strength_at(progress))

    @torch.no_grad()
    def judge(self) -> dict[str, float]:
        """Return loss and ranking on held-out attempts of each domain."""
        found: dict[str, float] = {}
        for domain, (source, _) in self._halves.items():
            half = source.held_out(JUDGED)
            if not len(half.index):
                continue
            with seeing(self.Q, domain):
                logits = self.Q.logits(half.picture, half.rows)
            name = domain.name.lower()
            loss = functional.binary_cross_entropy_with_logits(logits, half.rows.success)
            found |= {f"loss_{name}": float(loss), f"auc_{name}": auc(logits, half.rows.success)}
        return found

    def more_state(self) -> dict[str, Any]:
        """Return the schedule."""
        return {"schedule": self._schedule.state_dict()}

    def load_more_state(self, state: dict[str, Any]) -> None:
        """Go on with the schedule."""
        self._schedule.load_state_dict(state["schedule"])

    def finish(self) -> dict[str, dict[str, Any]]:
        """Return ``policy.pt`` for the robot, and ``actor.pt``, which sees simulation through G."""
        if self.generator is not None and weights_hash(self.generator) != self.frozen_hash:
            raise DataError("the frozen generator has changed while the policy was trained: a bug")
        origin = self.settings.seed, self.settings.data
        robot = for_domain(
            self.Q.network, Domain.REAL if Domain.REAL in self._halves else Domain.SIM
        )
        if self.generator is None:
            return {POLICY: goal_checkpoint(*origin, robot)}
        # In simulation the half of the network that knows adapted pictures acts.
        acting = for_domain(self.Q.network, Domain.SIM)
        actor = SeenThrough.of(acting, self.generator, self.settings.with_own)
        served = actor if self.settings.with_own else robot
        if self.settings.with_own and Domain.REAL in self._halves:
            served = SeenThrough.of(robot, self.generator, with_own=True)
        return {
            POLICY: goal_checkpoint(*origin, served),
            ACTOR: goal_checkpoint(*origin, actor),
        }
