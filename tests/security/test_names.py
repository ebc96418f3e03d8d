# SPDX-License-Identifier: Apache-2.0
"""Names that come with messages lead nowhere: not out of a folder, not into a module."""

import sys
from pathlib import Path

import pytest
from bag_bench import KeeperBench, joint_state

from rlcg_core.errors import ConfigError
from rlcg_record.sample import Decided
from rlcg_ros.definitions import full_definition
from rlcg_ros.raw_topics import message_class

IDS = ["../../out", "/tmp/out", "a/b", "..", "x" * 500, "a\0b", "\n", "~"]
TYPES = ["", "a", "a/b", "a/b/c/d", "os/path/join", "antigravity/msg/X", "../msg/X", "a b/msg/X"]


@pytest.mark.parametrize("episode_id", IDS)
def test_an_episodes_bag_lies_in_the_folder_of_the_bags(tmp_path: Path, episode_id: str) -> None:
    bags = tmp_path / "deep" / "bags"
    bags.mkdir(parents=True)
    bench = KeeperBench(bags)
    bench.give(joint_state(0.0), Decided(episode_id, 0))
    bench.run(1.0)
    (bag,) = bags.iterdir()
    assert [path.name for path in bag.iterdir()] == [f"{bag.name}_0.mcap"]
    assert {path.name for path in tmp_path.iterdir()} == {"deep"}
    assert not bench.keeper.status.failure


@pytest.mark.parametrize("type_name", TYPES)
def test_a_type_that_is_no_message_imports_nothing(type_name: str) -> None:
    before = set(sys.modules)
    for look in (full_definition, message_class):
        with pytest.raises(ConfigError, match=r"message type|definition of|is not installed"):
            look(type_name)
    assert "antigravity" not in set(sys.modules) - before
