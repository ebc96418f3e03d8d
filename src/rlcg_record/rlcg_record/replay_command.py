# SPDX-License-Identifier: Apache-2.0
"""`rlcg replay`: which model decides again, and what is said about it."""

from collections.abc import Sequence
from pathlib import Path

from rlcg_core import bundle
from rlcg_core.bundle import Bundle
from rlcg_core.errors import ConfigError, DataError
from rlcg_policy.graph_runner import open_form
from rlcg_policy.onnx_policy import OnnxPolicy
from rlcg_policy.plan_roster import Serving
from rlcg_policy.plans import forms, named
from rlcg_policy.serving_options import ServingOptions
from rlcg_record.episode_reader import Episode, EpisodeReader
from rlcg_record.replay_report import first_difference, table
from rlcg_record.replaying import Replayed, decide, repeat
from rlcg_ros.shares import find_share


def replay_bag(bag: Path, model: str, plan: str, threads: int) -> int:
    """Replay all episodes of a bag; return 0 if nothing differs that must not.

    With another ``model`` or ``plan`` than the recorded one, differences are a table and no
    failure. Raises `DataError`, `BundleError`, `ConfigError`.
    """
    reader = EpisodeReader(bag)
    if reader.bag.truncated:
        print(f"{bag} was cut short; what is there is replayed")
    good, policy, loaded = True, None, None
    for episode in reader.episodes():
        if policy is None or loaded is None:
            loaded = load(episode, model)
            policy = open_policy(loaded, plan or str(episode.steps[0].msg.plan), threads)
        good &= replay_episode(episode, policy, loaded)
    if policy is None:
        raise DataError(f"{bag} has no decision, expected policy_node/decision: was it recorded?")
    return 0 if good else 1


def open_policy(loaded: Bundle, text: str, threads: int) -> OnnxPolicy:
    """Return a policy that decides by a plan, as "cpu-float32", with its search, as "... 2x64".

    Raises `ConfigError` for a plan or a search that is not there.
    """
    name, _, search = text.partition(" ")
    plan = named(name)
    policy = OnnxPolicy(loaded, ServingOptions(plan=name, threads=threads))
    if not search:
        return policy
    for form in forms(loaded, plan):
        if search == f"{form.iterations}x{form.samples}":
            runner = open_form(loaded, form, plan, ServingOptions(threads=threads).thread_count)
            policy.serving = Serving(plan, form, runner)
            return policy
    raise ConfigError(f"{loaded.manifest.name} has no search {search} for {name}: name a --plan")


def load(episode: Episode, model: str) -> Bundle:
    """Return the bundle named, or the one that decided; raises `BundleError` and `ConfigError`."""
    recorded = episode.steps[0].msg
    loaded = bundle.load(bundle.find(model or recorded.model, find_share() / "models"))
    if not model and loaded.digest != recorded.model_digest:
        raise ConfigError(
            f"model {recorded.model} here has digest {loaded.digest}, the bag was recorded with "
            f"{recorded.model_digest}: name a bundle with --model to compare them"
        )
    return loaded


def replay_episode(episode: Episode, policy: OnnxPolicy, loaded: Bundle) -> bool:
    """Replay an episode and print what was found; return whether all is as it must be."""
    recorded = episode.steps[0].msg
    if loaded.digest != recorded.model_digest:
        return _compare(episode, list(decide(policy, episode)), f"model {loaded.manifest.name}")
    made = list(repeat(policy, episode))
    plan = str(policy.serving)
    if plan != recorded.plan:
        return _compare(episode, made, f"plan {plan}")
    difference = first_difference(made)
    same = sum(item.again is not None and not item.differing for item in made)
    print(
        f"episode {episode.episode_id}: {same} of {len(made)} decisions repeated bit for bit by "
        f"{recorded.model} {recorded.model_digest} on {plan}"
    )
    if difference:
        print(f"first difference: {difference}")
    return not difference


def _compare(episode: Episode, made: Sequence[Replayed], other: str) -> bool:
    recorded = episode.steps[0].msg
    was = f"{recorded.model} {recorded.model_digest} on {recorded.plan}"
    differ = sum(bool(item.differing) for item in made)
    print(
        f"episode {episode.episode_id}: recorded with {was}; {other} differs in {differ} of "
        f"{len(made)} decisions"
    )
    print(table(made))
    return all(item.again is not None for item in made)
