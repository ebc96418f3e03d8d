# SPDX-License-Identifier: Apache-2.0
import json
import re
from pathlib import Path
from typing import Any

import yaml

from rlcg_core.cell import ROBOT1
from rlcg_record.record_parameters import TOPICS

# What costs a search of its own is for live viewers; `tests/system` holds it to the live graph.
SHOWN = {topic if topic.startswith("/") else f"/{topic}" for topic in TOPICS}
SHOWN |= {"/policy_node/cem_samples"}


def panels(layout: Any) -> list[str]:
    if isinstance(layout, str):
        return [layout]
    return panels(layout["first"]) + panels(layout["second"])


def test_the_foxglove_layout_shows_its_panels_and_only_our_topics(repository: Path) -> None:
    layout = json.loads((repository / "config/foxglove_layout.json").read_text())
    assert sorted(panels(layout["layout"])) == sorted(layout["configById"])
    named = re.findall(r'"(/[a-z_/]+)', json.dumps(layout))
    assert "/policy_node/cem_markers" in named
    assert set(named) <= SHOWN
    assert layout["configById"]["3D!cem"]["followTf"] == ROBOT1.arm.base_frame


def test_the_rviz_file_shows_markers_and_camera_in_the_base_frame(repository: Path) -> None:
    manager = yaml.safe_load((repository / "config/rlcg.rviz").read_text())["Visualization Manager"]
    assert manager["Global Options"]["Fixed Frame"] == ROBOT1.arm.base_frame
    shown = {item["Topic"]["Value"] for item in manager["Displays"] if "Topic" in item}
    assert shown == {"/policy_node/cem_markers", "/policy_node/cem_samples", "/image_raw"}
