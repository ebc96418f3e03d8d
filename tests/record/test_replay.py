# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest
import tiny_model
from episodes_bench import observation, picture, write_bag

from rlcg_core.bundle import Bundle
from rlcg_core.errors import BundleError, ConfigError
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.serving_options import ServingOptions
from rlcg_record import replay_command
from rlcg_record.commands import replay
from rlcg_record.episode_reader import Episode, EpisodeReader
from rlcg_record.replaying import repeat

CPU = ServingOptions(plan="cpu-float32", threads=1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny")


def only_episode(bag: Path) -> Episode:
    (episode,) = EpisodeReader(bag).episodes()
    return episode


def test_every_decision_is_repeated_bit_for_bit(
    tmp_path: Path, tiny: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = write_bag(tmp_path / "bag", tiny, steps=8)
    assert replay([str(bag), "--model", str(tiny.folder)]) == 0
    assert "8 of 8 decisions repeated bit for bit by tiny" in capsys.readouterr().out
    phases = {step.msg.phase for step in only_episode(bag).steps}
    assert {"descend", "close"} <= phases


def test_a_decision_is_repeated_without_those_before_it(tmp_path: Path, tiny: Bundle) -> None:
    episode = only_episode(write_bag(tmp_path / "bag", tiny, steps=8))
    policy = OnnxPolicy(tiny, CPU)
    backwards = Episode("one", episode.steps[::-1])
    assert [item.differing for item in repeat(policy, backwards)] == [()] * 8


def test_repeating_leaves_a_running_episode_alone(tmp_path: Path, tiny: Bundle) -> None:
    episode = only_episode(write_bag(tmp_path / "bag", tiny))
    alone, disturbed = OnnxPolicy(tiny, CPU), OnnxPolicy(tiny, CPU)
    for number in range(3):
        seen = observation(number, float(number))
        expected, _ = alone.decide(seen), list(repeat(disturbed, episode))
        assert disturbed.decide(seen).cem_mean.tobytes() == expected.cem_mean.tobytes()


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("action", lambda msg: msg.action.__setitem__(0, np.nextafter(msg.action[0], 1.0))),
        ("q_value", lambda msg: setattr(msg, "q_value", np.nextafter(msg.q_value, 1.0))),
        ("cem_mean", lambda msg: msg.cem_mean.__setitem__(1, 0.0)),
        ("phase", lambda msg: setattr(msg, "phase", "lift")),
    ],
)
def test_the_first_difference_of_a_single_bit_is_told(
    tmp_path: Path,
    tiny: Bundle,
    name: str,
    spoil: object,
    capsys: pytest.CaptureFixture[str],
) -> None:
    episode = only_episode(write_bag(tmp_path / "bag", tiny))
    msg = episode.steps[2].msg
    msg.action, msg.cem_mean = list(msg.action), list(msg.cem_mean)
    spoil(msg)  # type: ignore[operator]
    policy = OnnxPolicy(tiny, CPU)
    assert not replay_command.replay_episode(episode, policy, tiny)
    out = capsys.readouterr().out
    assert "3 of 4 decisions repeated" in out
    assert f"first difference: step 2: {name} was " in out


def test_a_frame_that_the_policy_did_not_see_is_told(
    tmp_path: Path, tiny: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = picture(1).copy()
    changed[100, 100, 0] ^= 1
    bag = write_bag(tmp_path / "bag", tiny, images={1: changed, 3: None})
    assert replay([str(bag), "--model", str(tiny.folder)]) == 1
    assert "step 1: frame in the bag has sha256" in capsys.readouterr().out
    problems = only_episode(bag).problems
    assert [problem[:6] for problem in problems] == ["step 1", "step 3"]
    assert "is not in the bag" in problems[1]


def test_another_model_is_compared_in_a_table(
    tmp_path: Path, tiny: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = write_bag(tmp_path / "bag", tiny)
    other = tiny_model.write(tmp_path / "other", "other", peak=(0.62, -0.03, 0.2))
    assert other.digest != tiny.digest
    assert replay([str(bag), "--model", str(other.folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "model other differs in 4 of 4 decisions" in lines[0]
    assert lines[1].split()[:2] == ["step", "phase"]
    assert len(lines) == 6
    assert "goal" in lines[2]


def test_a_model_of_the_same_name_and_other_weights_is_refused(
    tmp_path: Path, tiny: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    episode = only_episode(write_bag(tmp_path / "bag", tiny))
    episode.steps[0].msg.model = str(tiny.folder)
    replay_command.load(episode, "")
    episode.steps[0].msg.model_digest = "0" * 16
    with pytest.raises(ConfigError, match="was recorded with 0000"):
        replay_command.load(episode, "")
    with pytest.raises(BundleError, match="unknown"):
        replay_command.load(episode, "nothing")
