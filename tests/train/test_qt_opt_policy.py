# SPDX-License-Identifier: Apache-2.0
"""From a choice to the spec's action, from a picture to the network, from a network to a bundle."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_grasps import SIDE, SMALL, small_network, toy_episode

from rlcg_core import bundle, spec
from rlcg_core.cell import ROBOT1
from rlcg_core.golden import pattern_image
from rlcg_core.manifest import Training
from rlcg_core.types import Action, Observation, ToolPose
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_train import checkpoints, export, forms
from rlcg_train.cem_module import CemModule
from rlcg_train.network import sample_patches
from rlcg_train.preprocess import half_picture
from rlcg_train.profiles import REACH, STEP
from rlcg_train.qt_opt.actions import spec_action
from rlcg_train.qt_opt.choice import (
    TARGET_HIGH,
    TARGET_LOW,
    Choice,
    Command,
    action_of,
    give,
    move,
    near_yaw,
    pose_of,
)
from rlcg_train.qt_opt.episode import crop_to
from rlcg_train.qt_opt.labels import state_values
from rlcg_train.qt_opt.paper_q import PaperQ
from rlcg_train.qt_opt.patch_q import PatchQSettings
from rlcg_train.qt_opt.patches import cut
from rlcg_train.qt_opt.q_function import QFunction, Scene
from rlcg_train.qt_opt.search import SearchSettings
from rlcg_train.qt_opt.whole_action_scorer import WholeActionScorer
from rlcg_train.qt_opt_network import QtOptSettings

TINY_PAPER = QtOptSettings(
    channels=8, tower_convolutions=2, merged_convolutions=2, context=16, dense=16
)


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


@pytest.mark.parametrize("network", [small_network(), PaperQ(TINY_PAPER)])
@torch.no_grad()
def test_scores_do_not_depend_on_what_they_are_scored_with(network: QFunction) -> None:
    network.eval()
    pictures, steps, _ = toy_episode(2)
    side = network.side_px
    bytes_ = torch.zeros(len(steps), side, side, 3, dtype=torch.uint8)
    bytes_[:, :SIDE, :SIDE] = torch.from_numpy(pictures)
    projection = torch.tensor(ROBOT1.camera.projection_base_to_px()).float()
    scene = Scene(
        network.prepare(bytes_),
        torch.tensor(steps["tool"]),
        torch.tensor(steps["state"]),
        projection,
    )
    count = 64
    target = torch.tensor(steps["target"])[:, None] + 0.02 * torch.randn(len(steps), count, 4)
    command = torch.randint(0, 4, (len(steps), count))
    together = network.logits(scene, network.encode(scene), target, command)
    for frame in (0, len(steps) - 1):
        alone = Scene(*[value[frame : frame + 1] for value in scene[:3]], projection)
        one = network.logits(
            alone,
            network.encode(alone),
            target[frame, 5][None, None],
            command[frame, 5][None, None],
        )
        assert float(one) == pytest.approx(float(together[frame, 5]), abs=1e-4)


def test_a_frame_passes_the_tower_once_in_a_whole_search() -> None:
    module = CemModule(WholeActionScorer(PaperQ(TINY_PAPER)), STEP.cem(16, 3)).eval()
    calls = []
    module.scorer.network.network.tower.register_forward_hook(lambda *_: calls.append(1))
    inputs = export.example(STEP, module, 0)
    with torch.no_grad():
        module(*export.tensors(inputs))
    assert len(calls) == 1


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


def test_patches_are_those_of_the_grasp_success_predictor() -> None:
    """The tower at the target may begin with its weights: it must see the same."""
    settings = PatchQSettings()
    patch = settings.patch(settings.target_planes_m)
    generator = torch.Generator().manual_seed(3)
    picture = 2 * torch.rand(2, 3, patch.picture_px, patch.picture_px, generator=generator) - 1
    low, high = torch.tensor(TARGET_LOW).float(), torch.tensor(TARGET_HIGH).float()
    pose = low + (high - low) * torch.rand(2, 5, 4, generator=generator)
    projection = torch.tensor(ROBOT1.camera.projection_base_to_px()).float()
    scene = Scene(picture, torch.zeros(2, 4), torch.zeros(2, 2), projection)
    heights = torch.tensor(settings.target_planes_m).expand(2, 5, 2)
    found = cut(scene, patch, pose, heights).reshape(2, 5, -1)
    for frame in range(2):
        goal = pose[frame][:, [0, 1, 3]]
        expected = sample_patches(patch, picture[frame : frame + 1], goal, projection)
        torch.testing.assert_close(found[frame], expected.reshape(5, -1), atol=2e-3, rtol=0)


@pytest.mark.parametrize("kind", ["small", "paper"])
def test_learning_computes_where_the_network_lies(kind: str) -> None:
    """A tensor that is made on the processor meets one of the meta device with an error."""
    q: QFunction = small_network() if kind == "small" else PaperQ(TINY_PAPER)
    q.to("meta").train()
    q.autocast = nullcontext  # type: ignore[method-assign,assignment]  # it knows no such device
    side, here = q.side_px, torch.device("meta")
    picture = q.prepare(torch.zeros(3, side, side, 3, dtype=torch.uint8, device=here))
    tool, state = torch.zeros(3, 4, device=here), torch.zeros(3, 2, device=here)
    scene = Scene(picture, tool, state, torch.zeros(3, 4, device=here))
    command = torch.zeros(3, dtype=torch.long, device=here)
    assert q.varied_logits(scene, torch.zeros(3, 4, device=here), command).device == here
    q.eval()
    search, generator = SearchSettings(8, 2, 2), torch.Generator()
    value = state_values(q, q, scene, search, generator, torch.zeros(3, 1, 4, device=here))
    assert (value.shape, value.device) == ((3,), here)
