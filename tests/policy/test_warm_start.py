# SPDX-License-Identifier: Apache-2.0
"""A warm start searches near the last choice; off by default, and forgotten where it misleads."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_model

from rlcg_core import golden
from rlcg_core.bundle import Bundle
from rlcg_core.cell import ROBOT1
from rlcg_core.errors import ConfigError
from rlcg_core.types import Observation, ToolPose
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.serving_options import ServingOptions

WARM = ServingOptions(warm_start=True)


@pytest.fixture(scope="module")
def servo(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The tiny model without a rule: its own action is the action."""
    tiny = tiny_model.write(tmp_path_factory.mktemp("models") / "tiny")
    fields = replace(tiny.manifest.action, learned=tiny.manifest.action.learned, by_rule=())
    return replace(tiny, manifest=replace(tiny.manifest, rule=None, action=fields))


class Spy:
    """Notes the search starts; ``action`` replaces the graph's, if given."""

    def __init__(self, policy: OnnxPolicy) -> None:
        self.inner = policy.serving.runner.session
        self.starts: list[tuple[np.ndarray, np.ndarray]] = []
        self.action: np.ndarray | None = None
        policy.serving.runner.session = self

    def run(self, names: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.starts.append((inputs["cem_mean0"], inputs["cem_std0"]))
        values = dict(zip(names, self.inner.run(names, inputs), strict=True))
        if self.action is not None:
            values["action"] = self.action
        return [values[name] for name in names]


def see() -> Observation:
    pose = ToolPose(np.array([0.62, -0.05, 0.30]), 0.0)
    projection = ROBOT1.camera.projection_base_to_px()
    return Observation(golden.pattern_image(3), False, 0.3, pose, projection, 0.0)


def is_cold(start: tuple[np.ndarray, np.ndarray], bundle: Bundle) -> bool:
    wanted = bundle.manifest.cem_start
    same = [np.allclose(a, b) for a, b in zip(start, (wanted.mean0, wanted.std0), strict=True)]
    return all(same)


def test_by_default_every_search_begins_at_the_models_own_start(servo: Bundle) -> None:
    policy = OnnxPolicy(servo)
    spy = Spy(policy)
    for _ in range(3):
        policy.decide(see())
    assert [is_cold(start, servo) for start in spy.starts] == [True] * 3


def test_a_warm_start_begins_at_the_last_choice_with_half_the_width(servo: Bundle) -> None:
    policy = OnnxPolicy(servo, WARM)
    spy = Spy(policy)
    policy.decide(see())
    chosen = policy._outputs["goal"]
    policy.decide(see())
    mean0, std0 = spy.starts[1]
    np.testing.assert_allclose(mean0, chosen)
    np.testing.assert_allclose(std0, 0.5 * np.array(servo.manifest.cem_start.std0), rtol=1e-6)


def test_each_episode_begins_cold(servo: Bundle) -> None:
    policy = OnnxPolicy(servo, WARM)
    spy = Spy(policy)
    policy.decide(see())
    policy.reset(1)
    policy.decide(see())
    assert is_cold(spy.starts[1], servo)


@pytest.mark.parametrize(("flag", "cold"), [(5, True), (6, True), (7, False)])
def test_after_the_gripper_closes_or_opens_the_search_is_cold(
    servo: Bundle, flag: int, cold: bool
) -> None:
    policy = OnnxPolicy(servo, WARM)
    spy = Spy(policy)
    spy.action = np.array([0, 0, 0, 0, 1, 0, 0, 0], np.float32)
    spy.action[flag] = 1.0
    policy.decide(see())
    policy.decide(see())
    assert is_cold(spy.starts[1], servo) == cold


def test_a_model_with_a_rule_refuses_a_warm_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="warm_start is for models without a rule"):
        OnnxPolicy(tiny_model.write(tmp_path / "tiny"), WARM)
