# SPDX-License-Identifier: Apache-2.0
"""Stage "policy": a new Q from scratch behind a frozen generator, for every method of the table.

RL-CycleGAN's final phase; with no generator Sim-Only, Randomized, Real-Only or Sim+Real, with a
domain classifier and norms of each domain GraspGAN's, with the picture beside G(x) RCAN's. Where
both domains are learned from, a batch is half and half and the real half's loss is weighted.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rlcg_core.errors import ConfigError, DataError
from rlcg_train import augment
from rlcg_train.adapt.domain import DomainData, Rows
from rlcg_train.adapt.domain_norm import Domain, for_domain, seeing, split
from rlcg_train.adapt.frozen import adapted, weights_hash
from rlcg_train.adapt.goal_task import GoalTask
from rlcg_train.adapt.halves import GoalHalves
from rlcg_train.adapt.photometric import changed_patches
from rlcg_train.adapt.policy_settings import Mixing, PolicySettings
from rlcg_train.adapt.reversal import DomainClassifier, strength_at
from rlcg_train.adapt.routing import Route
from rlcg_train.adapt.seen_through import ACTOR, POLICY, SeenThrough, goal_checkpoint
from rlcg_train.adapt.stage import Stage
from rlcg_train.adapt.task import td_loss
from rlcg_train.adapt.unet import UNet
from rlcg_train.device import PLAIN, Compute
from rlcg_train.fit import auc

JUDGED = 512


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
        compute: Compute = PLAIN,
        profile: str = "goal",
    ) -> None:
        """``sim`` or ``real`` may be None; ``generator`` frozen. Raises `ConfigError`.

        ``compute``: where the data and the generator lie. ``profile``: the robot's own of
        `rlcg_train.profiles.GOALS`.
        """
        _check(settings, sim, real)
        torch.manual_seed(settings.seed)
        self.kind, self.settings, self.generator = kind, settings, generator
        self.compute, self._profile = compute, profile
        self.frozen_hash = "" if generator is None else weights_hash(generator)
        self._halves = self._sources(sim, real)
        self.Q = GoalTask(settings.network)
        self.networks, self.means = {"Q": self.Q}, {}
        if settings.mixing is not Mixing.SHARED:
            split(self.Q.network)
        self.routes = (Route("rl", 1.0, ("Q",)),)
        if settings.mixing is Mixing.ADVERSARIAL:
            self.networks["domain"] = DomainClassifier(settings.network.features)
            self.routes += (Route("domain", settings.dann, ("Q", "domain")),)
        self.optimizers, self._schedule = self._optimizer()

    def _optimizer(
        self,
    ) -> tuple[dict[str, torch.optim.Optimizer], torch.optim.lr_scheduler.OneCycleLR]:
        rate, steps = self.settings.learning_rate, self.settings.steps
        parameters = [p for network in self.networks.values() for p in network.parameters()]
        made = torch.optim.AdamW(parameters, rate, weight_decay=self.settings.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(made, rate, total_steps=steps + 1)
        return {"q": made}, schedule

    def _sources(
        self, sim: DomainData | None, real: DomainData | None
    ) -> dict[Domain, tuple[GoalHalves, float]]:
        """Return what is learned from, with the weights of the losses; sim seen through G."""
        found: dict[Domain, tuple[GoalHalves, float]] = {}
        if sim is not None:
            found[Domain.SIM] = self._half_of(sim, self.generator), 1.0
        if real is not None:
            # RCAN's generator sees reality too; the others' make it.
            through = self.generator if self.settings.with_own else None
            weight = self.settings.real_weight if sim is not None else 1.0
            found[Domain.REAL] = self._half_of(real, through), weight
        return found

    def _half_of(self, data: DomainData, generator: UNet | None) -> GoalHalves:
        if data.side_px != self.settings.network.picture_px:
            raise DataError(
                f"pictures are {data.side_px} px, the network takes "
                f"{self.settings.network.picture_px}: load them at that side"
            )
        if generator is not None:
            data = adapted(data, generator, self.settings.with_own)
        return GoalHalves(data, self.compute)

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        """Learn from a batch, half of it from each domain if there are two."""
        count = self.settings.batch // len(self._halves)
        halves = {d: source.draw(count, rng) for d, (source, _) in self._halves.items()}
        seen = {d: self._varied(half.picture, half.rows) for d, half in halves.items()}
        features = self._features({domain: patches for domain, (patches, _) in seen.items()})
        losses = []
        for domain, (_, weight) in self._halves.items():
            known = torch.cat([features[domain], seen[domain][1]], dim=1)
            logits = self.Q.network.head(known)[:, 0].float()
            losses.append(weight * td_loss(logits, halves[domain].rows.success))
        found = {"rl": torch.stack(losses).sum()}
        if self.settings.mixing is Mixing.ADVERSARIAL:
            found["domain"] = self._domain_loss(features)
        numbers = self.descend(found)
        self._schedule.step()
        return numbers

    def _varied(self, picture: Tensor, rows: Rows) -> tuple[Tensor, Tensor]:
        """Return patches (B, C * P, H, W) and scalars (B, S), colours and sides changed."""
        patches, numbers = self.Q.inputs(picture, rows)
        return augment.mirror(changed_patches(patches, self.settings.photometric), numbers)

    def _features(self, patches: dict[Domain, Tensor]) -> dict[Domain, Tensor]:
        """Return features (B, F) of each domain's patches.

        With one batch norm both domains pass together, or it would see the one or the other while
        training and a mixture afterwards.
        """
        tower = self.Q.network.features
        if self.settings.mixing is Mixing.SHARED:
            parts = tower(torch.cat(list(patches.values()))).chunk(len(patches))
            return dict(zip(patches, parts, strict=True))
        found = {}
        for domain, some in patches.items():
            with seeing(tower, domain):
                found[domain] = tower(some)
        return found

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
        origin = self.settings.seed, self.settings.data, self._profile
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


def _check(settings: PolicySettings, sim: DomainData | None, real: DomainData | None) -> None:
    """Raise `ConfigError` unless there is what the mixing needs."""
    if sim is None and real is None:
        raise ConfigError("a policy learns from simulated grasps, real ones or both: give some")
    if settings.mixing is not Mixing.SHARED and (sim is None or real is None):
        raise ConfigError(f"mixing {settings.mixing.value} needs labelled grasps of both domains")
