# SPDX-License-Identifier: Apache-2.0
"""The networks that targets come from, the double Q, and the search on them."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rlcg_core import reach
from rlcg_core.cell import ROBOT1
from rlcg_train.qt_opt.choice import TARGET_HIGH, TARGET_LOW, Command
from rlcg_train.qt_opt.labels import state_values
from rlcg_train.qt_opt.q_function import QFunction, Scene
from rlcg_train.qt_opt.search import SearchSettings, best_choices
from rlcg_train.qt_opt.space import REACH_SPACE
from rlcg_train.qt_opt.target_networks import AverageSettings, TargetNetworks

SEARCH = SearchSettings(64, 6, 3)
COMMAND_LOGITS = {Command.CLOSE: -3.0, Command.OPEN: -4.0, Command.TERMINATE: -5.0}


class Bowl(QFunction):
    """Q falls with the distance to a place; commands have fixed logits."""

    side_px, space = 1, REACH_SPACE

    def __init__(self, place: tuple[float, ...], height: float = 0.0, **commands: float) -> None:
        super().__init__()
        self.place, self.height = torch.tensor(place), height
        self.commands = [COMMAND_LOGITS[c] for c in list(Command)[1:]]
        for name, value in commands.items():
            self.commands[Command[name] - 1] = value
        self.encoded = 0

    def layout(self) -> dict[str, object]:
        return {}

    def see(self, image: Tensor) -> Tensor:
        return image[None].float()

    def prepare(self, pixels: Tensor) -> Tensor:
        return pixels.float()

    def encode(self, scene: Scene) -> Tensor:
        self.encoded += 1
        return scene.tool

    def logits(self, scene: Scene, code: Tensor, target: Tensor, command: Tensor) -> Tensor:
        scale = torch.tensor([10.0, 10.0, 10.0, 1.0])
        moves = self.height - ((target - self.place) * scale).square().sum(dim=-1)
        given = torch.tensor([0.0, *self.commands])[command]
        return torch.where(command == 0, moves, given)

    def varied_logits(self, scene: Scene, target: Tensor, command: Tensor) -> Tensor:
        return self.logits(scene, scene.tool, target[:, None], command[:, None])[:, 0]


def scene(count: int = 1, closed: float = 0.0) -> Scene:
    tool = torch.tensor([[0.57, 0.02, 0.2, 0.3]]).expand(count, 4)
    state = torch.tensor([[closed, 0.2]]).expand(count, 2)
    projection = torch.tensor(ROBOT1.camera.projection_base_to_px()).float()
    return Scene(torch.zeros(count, 1, 1, 3), tool, state, projection)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_average_has_its_closed_form_and_begins_equal() -> None:
    online = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(online.weight)
    targets = TargetNetworks(online, AverageSettings(decay=0.99, lag=1000))
    assert targets.averaged.weight.item() == targets.lagged.weight.item() == 0.0
    targets.steps = 5000  # past the plain mean of the first steps
    nn.init.ones_(online.weight)
    for _ in range(200):
        targets.update()
    assert targets.averaged.weight.item() == pytest.approx(1 - 0.99**200, rel=1e-4)


def test_the_lagged_network_is_the_average_of_about_lag_steps_ago() -> None:
    online = nn.Linear(1, 1, bias=False)
    targets = TargetNetworks(online, AverageSettings(decay=0.9, lag=100, snapshots=10))
    history = []
    for step in range(400):
        with torch.no_grad():
            online.weight.fill_(float(step))
        targets.update()
        history.append(targets.averaged.weight.item())
        if step >= 120:
            age = step - int(np.searchsorted(history, targets.lagged.weight.item()))
            assert 100 <= age <= 120


def test_target_networks_go_on_exactly() -> None:
    def advance(targets: TargetNetworks, online: nn.Module, first: int, last: int) -> None:
        for step in range(first, last):
            with torch.no_grad():
                online.weight.fill_(float(step))
            targets.update()

    settings = AverageSettings(decay=0.9, lag=20, snapshots=4)
    online = nn.Linear(1, 1)
    whole = TargetNetworks(online, settings)
    advance(whole, online, 0, 37)
    resumed = TargetNetworks(copy.deepcopy(online), settings)
    resumed.load_state_dict(copy.deepcopy(whole.state_dict()))
    advance(whole, online, 37, 90)
    advance(resumed, resumed._online, 37, 90)
    assert whole.lagged.weight.item() == resumed.lagged.weight.item()
    assert whole.averaged.weight.item() == resumed.averaged.weight.item()


def test_the_value_is_the_smaller_of_both_at_the_choice_of_the_first() -> None:
    first = Bowl((0.6, 0.0, 0.05, 0.2), height=1.0)
    elsewhere = Bowl((0.5, 0.1, 0.05, 0.2), height=9.0)
    also = torch.zeros(1, 0, 4)
    found = best_choices(first, scene(), SEARCH, generator(), also)
    second = elsewhere.logits(
        scene(), scene().tool, found.target[:, None], torch.zeros(1, 1).long()
    )
    value = state_values(first, elsewhere, scene(), SEARCH, generator(), also)
    expected = torch.sigmoid(torch.minimum(found.logit, second[:, 0]))
    torch.testing.assert_close(value, expected)
    high = state_values(first, Bowl((0.6, 0.0, 0.05, 0.2), 5.0), scene(), SEARCH, generator(), also)
    torch.testing.assert_close(high, torch.sigmoid(found.logit))


def test_the_search_finds_the_best_move_of_every_frame() -> None:
    place = (0.62, -0.08, 0.05, -0.4)
    found = best_choices(Bowl(place, 1.0), scene(8), SearchSettings(64, 6, 6), generator())
    assert torch.all(found.command == 0)
    # Half a turn is the same to the jaw but not to this bowl.
    assert float((found.logit - 1.0).abs().max()) < 0.2
    torch.testing.assert_close(
        found.target[:, :2], torch.tensor(place[:2]).expand(8, 2), atol=0.02, rtol=0
    )


@pytest.mark.parametrize("closed", [0.0, 1.0])
def test_every_command_is_tried_but_those_that_change_nothing(closed: float) -> None:
    useless = Command.CLOSE if closed else Command.OPEN
    best = Bowl((0.6, 0.0, 0.05, 0.2), 0.0, **{useless.name: 9.0, "TERMINATE": 2.0})
    found = best_choices(best, scene(3, closed), SEARCH, generator())
    assert found.command.tolist() == [Command.TERMINATE] * 3
    torch.testing.assert_close(found.logit, torch.full((3,), 2.0))


def test_targets_that_are_given_are_tried_as_well() -> None:
    place = torch.tensor([0.45, 0.18, 0.24, -1.8])
    narrow = SearchSettings(2, 2, 1)
    found = best_choices(
        Bowl(tuple(place.tolist()), 1.0), scene(), narrow, generator(), place[None, None]
    )
    torch.testing.assert_close(found.target[0], place)


def test_a_search_is_never_worse_with_another_iteration_and_repeats_with_its_seed() -> None:
    bowl = Bowl((0.6, 0.1, 0.02, 0.9), 1.0)
    one = best_choices(bowl, scene(16), SearchSettings(32, 6, 1), generator(3))
    two = best_choices(bowl, scene(16), SearchSettings(32, 6, 2), generator(3))
    assert torch.all(two.logit >= one.logit)
    again = best_choices(bowl, scene(16), SearchSettings(32, 6, 2), generator(3))
    torch.testing.assert_close(again, two, atol=0, rtol=0)


def test_a_frame_is_encoded_once_for_all_its_choices() -> None:
    bowl = Bowl((0.6, 0.1, 0.02, 0.9))
    best_choices(bowl, scene(4), SearchSettings(64, 6, 3), generator())
    assert bowl.encoded == 1


def test_viewers_draw_the_targets_that_the_search_means() -> None:
    pose = torch.tensor([0.57, 0.02, 0.2, 0.3])
    samples = torch.tensor([[0.2, -0.3, 0.5, 0.4], [-0.1, 0.1, 0.9, -0.6]])
    shown = reach.targets(samples.double().numpy(), pose.numpy())
    meant = REACH_SPACE.to_target(samples, pose.expand(2, 4)).numpy()
    np.testing.assert_allclose(shown, meant, atol=1e-6)


def test_all_samples_are_targets_that_the_arm_may_take() -> None:
    low, high = torch.tensor(TARGET_LOW), torch.tensor(TARGET_HIGH)
    samples = torch.rand(4000, 4) * 2 - 1
    samples[:, 2] = samples[:, 2].abs()
    poses = (low + torch.rand(4000, 4, dtype=torch.double) * (high - low)).float()
    targets = REACH_SPACE.to_target(samples, poses)
    assert torch.all(targets >= low - 1e-5)
    assert torch.all(targets <= high + 1e-5)
    turn = targets[:, 3] - poses[:, 3]
    wanted = samples[:, 3] * samples[:, 3].abs() * torch.pi / 2
    assert float(torch.sin(turn - wanted).abs().max()) < 1e-5  # the same up to half turns
