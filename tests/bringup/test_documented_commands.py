# SPDX-License-Identifier: Apache-2.0
"""Every command line that README and docs print names what exists."""

from pathlib import Path

import pytest
from command_checks import NAMES, all_parameters, assignments, launch_arguments, problems
from documented_commands import command_lines

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "models").glob("*/README.md"),
    ]
)
LAUNCH_FILES = sorted(path.name for path in (ROOT / "launch").glob("*.launch.py"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_can_be_given(page: Path) -> None:
    found = [
        f"line {number}: {problem}"
        for number, words in command_lines(page.read_text())
        for problem in problems(words)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_argument_that_prose_sets_exists(page: Path) -> None:
    known = set(all_parameters())
    for file in LAUNCH_FILES:
        known |= set(launch_arguments("rlcg_policy", file))
    found = [name for name in assignments(page.read_text()) if name not in known]
    # Of the drivers of others, and remaps.
    assert set(found) <= {"ctrl", *NAMES}


def test_the_pages_have_command_lines_of_each_kind() -> None:
    told = [words for page in PAGES for _, words in command_lines(page.read_text())]
    programs = {(words[0], words[1]) for words in told}
    assert len(told) > 50
    assert programs >= {
        ("ros2", "launch"),
        ("ros2", "run"),
        ("ros2", "action"),
        ("rlcg", "replay"),
        ("make", "grasp"),
        ("pytest", "tests/conformance"),
    }


WRONG = [
    ("ros2 launch rlcg_policy no.launch.py", "no.launch.py"),
    ("ros2 launch rlcg_policy grasp.launch.py graps:=6", "no argument graps"),
    ("rlcg launch rlcg_policy grasp.launch.py backend:=moon", "backend is none of sim"),
    ("ros2 run rlcg_policy police_node", "no executable police_node"),
    ("ros2 run rlcg_policy policy_node --ros-args -p modle:=x", "no parameter modle"),
    ("ros2 run rlcg_policy arm_node --ros-args -r joint_state:=/x", "joint_state is no topic"),
    ("ros2 run rlcg_policy camera_node --ros-args -p arm_node:urdf:=x", "no parameter urdf"),
    (
        "ros2 run rlcg_policy camera_node --ros-args --params-file my/config/camera.yaml "
        "-p framerate:=5",
        "write camera_node:framerate",
    ),
    ("ros2 param set /arm_node speed 1", "no parameter speed"),
    ("ros2 service call /arm_node/home std_srvs/srv/Triger", "Triger"),
    ("ros2 action send_goal /x rlcg_msgs/action/Grasp '{dry: true}'", "no field dry"),
    ("ros2 lunch rlcg_policy grasp.launch.py", "unknown verb lunch"),
    ("rlcg relpay BAG", "no command relpay"),
    ("rlcg replay BAG --modle x", "unrecognized arguments: --modle x"),
    ("rlcg dataset BAGS", "required: --out"),
    ("make graps", "no target graps"),
    ('make grasp ARGS="seeds:=1"', "no argument seeds"),
    ("make setup RUNTIM=gpu", "knows no RUNTIM"),
    ("pytest tests/nowhere", "there is no tests/nowhere"),
    ("pytest tests/conformance --drivr running", "unknown option --drivr"),
    ("python -m rlcg_policy.camera_knot", "no module"),
    ("rlcg-bench policies", "invalid choice: 'policies'"),
]


@pytest.mark.parametrize(("line", "part"), WRONG, ids=[line for line, _ in WRONG])
@pytest.mark.parametrize("form", ["Say `{}`.", "```\n{}   # so\n```\n"], ids=["prose", "block"])
def test_a_command_that_cannot_be_given_is_found(line: str, part: str, form: str) -> None:
    (found,) = command_lines(form.format(line))
    (problem,) = problems(found[1])
    assert part in problem


def test_a_command_goes_over_lines_and_after_another() -> None:
    page = "```\n. scripts/env.sh && rlcg replay \\\n    BAG && make test  # twice\n```\n"
    assert [words for _, words in command_lines(page)] == [
        ["rlcg", "replay", "BAG"],
        ["make", "test"],
    ]
