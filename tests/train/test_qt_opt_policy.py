# SPDX-License-Identifier: Apache-2.0
"""From a choice to the spec's action, from a picture to the network, from a network to a bundle."""

from pathlib import Path

import numpy as np
import pytest
import torch
from toy_grasps import SIDE, SMALL, TINY_PAPER, small_network

from rlcg_core import bundle, spec
from rlcg_core.cell import ROBOT1
from rlcg_core.golden import pattern_image
from rlcg_core.manifest import Training
from rlcg_core.types import Action, Observation, ToolPose
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_train import checkpoints, export, forms
from rlcg_train.cem_module import CemModule
from rlcg_train.preprocess import half_picture
from rlcg_train.profiles import REACH, STEP
from rlcg_train.qt_opt.actions import spec_action
from rlcg_train.qt_opt.choice import Choice, Command, action_of, give, move, near_yaw, pose_of
from rlcg_train.qt_opt.episode import crop_to
from rlcg_train.qt_opt.paper_q import PaperQ
from rlcg_train.qt_opt.q_function import QFunction
from rlcg_train.qt_opt.whole_action_scorer import WholeActionScorer


def observation(closed: bool = False, height_m: float = 0.1) -> Observation:
    return Observation(
        pattern_image(3),
        closed,
        height_m,
        ToolPose(np.array([0.57, 0.01, height_m]), 0.2),
        ROBOT1.camera.projection_base_to_px(),
        0.0,
    )


@pytest.mark.parametrize(
    "choice",
    [
        move([0.70, 0.01, 0.02, 0.2]),
        move([0.58, 0.0, 0.25, -1.8]),
        *[give(command, observation()) for command in list(Command)[1:]],
    ],
)
def test_the_graph_and_the_collector_make_the_same_action_of_a_choice(choice: Choice) -> None:
    seen = observation()
    found = action_of(choice, seen)
    pose = torch.tensor(pose_of(seen)).float()
    target, command = torch.tensor(choice.target).float(), torch.tensor(int(choice.command))
    made = spec_action(pose, target, command).numpy()
    np.testing.assert_allclose(made, found.to_array(), atol=1e-6)
    Action.from_array(made)  # within bounds, and sine and cosine on the unit circle


def test_commands_stand_where_the_spec_says_and_no_turn_is_zero_and_one() -> None:
    pose = torch.tensor([0.57, 0.0, 0.1, 0.0])
    for command in (Command.CLOSE, Command.OPEN, Command.TERMINATE):
        made = spec_action(pose, pose, torch.tensor(int(command)))
        name = spec.ACTION_NAMES[5 + int(made[5:].argmax())]
        assert name == command.name.lower()
        assert made[3:5].tolist() == [0.0, 1.0]
        assert made[:3].abs().sum() == 0.0


def test_a_far_target_is_approached_by_the_longest_step() -> None:
    action = action_of(move([0.43, 0.19, 0.01, 1.9]), observation())
    np.testing.assert_allclose(action.displacement_m, [-0.06, 0.06, -0.06])
    assert action.yaw_change_rad == 0.5


def test_half_a_turn_is_the_same_to_the_jaw() -> None:
    for now in np.linspace(-1.9, 1.9, 21):
        for wanted in np.linspace(-4, 4, 33):
            found = near_yaw(wanted, now)
            assert -1.9 <= found <= 1.9
            assert abs(np.sin(found - wanted)) < 1e-9


def test_what_is_stored_is_what_the_served_graph_sees() -> None:
    image = pattern_image(7)
    network = small_network()
    stored = network.prepare(torch.from_numpy(crop_to(image, SIDE))[None])
    served = half_picture(torch.from_numpy(image))
    assert stored.shape == served.shape == (1, 3, SIDE, SIDE)
    assert float((stored - served).abs().max()) <= 1.01 / 127.5  # rounded to bytes
    whole = PaperQ(TINY_PAPER)
    stored = whole.prepare(torch.from_numpy(crop_to(image, spec.CROP_PX))[None])
    torch.testing.assert_close(stored, whole.see(torch.from_numpy(image)))
    assert float(stored.min()) >= 0.0
    assert float(stored.max()) <= 1.0


def test_height_comes_before_width_and_red_before_blue() -> None:
    image = np.zeros((512, 640, 3), np.uint8)
    image[20, 84, 0] = 255  # the crop's first pixel, red
    seen = PaperQ(TINY_PAPER).see(torch.from_numpy(image))
    assert seen[0, 0, 0, 0] == 1.0
    assert float(seen.sum()) == 1.0


@pytest.mark.parametrize("command", [Command.CLOSE, Command.TERMINATE])
@torch.no_grad()
def test_the_graph_gives_a_command_where_its_q_is_highest(command: Command) -> None:
    torch.manual_seed(2)
    network = small_network()
    scorer = WholeActionScorer(network)
    module = CemModule(scorer, REACH.cem(16, 2)).eval()
    inputs = export.example(REACH, module, 0)
    inputs["state"] = np.array([0.0, 0.1], np.float32)
    plain = network.logits

    def with_bonus(scene: object, code: object, target: object, given: torch.Tensor) -> object:
        return plain(scene, code, target, given) + 20.0 * (given == int(command))  # type: ignore[arg-type]

    network.logits = with_bonus  # type: ignore[method-assign, assignment]
    action, _, q, _, _ = module(*export.tensors(inputs))
    assert Action.from_array(action.numpy()) == action_like(command)
    assert float(q) > 0.99


def action_like(command: Command) -> object:
    class Like:
        def __eq__(self, other: object) -> bool:
            assert isinstance(other, Action)
            wanted = action_of(give(command, observation()), observation())
            return bool(np.allclose(other.to_array(), wanted.to_array(), atol=1e-6))

    return Like()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["small", "paper"])
def test_a_bundle_serves_the_whole_action_as_learned(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(4)
    network: QFunction = small_network()
    if kind == "paper":
        network = PaperQ(TINY_PAPER)
        network.network = checkpoints.fresh_qt_opt(3, TINY_PAPER)  # one whose Q has a shape
    profile = REACH if kind == "small" else STEP
    layout = SMALL.as_dict() if kind == "small" else TINY_PAPER.as_dict()
    path = tmp_path / "checkpoint.pt"
    checkpoints.save(path, profile, network, layout)
    training = Training("test", "now", 0.0, {}, {})
    made = export.export(export.ExportSettings(path, tmp_path / "model", training, 16, 2))
    made = forms.add_forms(made, path)
    assert set(made.manifest.action.learned) == set(spec.ACTION_NAMES)
    assert made.manifest.action.by_rule == ()
    assert made.manifest.rule is None
    policy = OnnxPolicy(bundle.load(made.folder))
    policy.reset(1)
    for closed, height_m in ((False, 0.2), (True, 0.01)):
        decision = policy.decide(observation(closed, height_m))
        assert decision.network_ran
        assert 0.0 < decision.q_value < 1.0
