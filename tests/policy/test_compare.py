# SPDX-License-Identifier: Apache-2.0
"""Comparing two runs: paired, exact, honest about what cannot be told apart, strict about pairs."""

import copy
import json
from pathlib import Path

import pytest

from rlcg_core.errors import ConfigError
from rlcg_policy.commands import compare as command
from rlcg_policy.compare import compare, read_report, told


def report(outcomes: str, **changed: object) -> dict:
    """A report whose outcomes are letters: s, f, i."""
    names = {"s": "success", "f": "failure", "i": "invalid"}
    rows = [
        {"index": i, "seed": 100 + i, "outcome": names[letter], "object_names": ["a", "b"]}
        for i, letter in enumerate(outcomes)
    ]
    plain = {
        "model": "m",
        "grasps": sum(letter != "i" for letter in outcomes),
        "successes": outcomes.count("s"),
        "protocol": "robot1",
        "replacement": "with",
        "objects": "mixed_test",
        "backend": "sim",
        "seed": 1,
        "wanted": len(outcomes),
        "outcome_sources": ["simulator"],
        "episodes": rows,
    }
    return {**plain, **changed}


def test_a_clear_difference_is_told_with_its_interval() -> None:
    a, b = report("s" * 50), report("s" * 35 + "f" * 15)
    found = compare(a, b)
    assert (found.counts.both, found.counts.only_a, found.counts.only_b) == (35, 15, 0)
    assert found.p_value == pytest.approx(2 * 0.5**15)
    assert found.interval_95[0] > 0.0
    assert "A is better" in told(a, b, found)
    assert "B is better" in told(b, a, compare(b, a))


def test_a_small_difference_is_not_distinguishable() -> None:
    a, b = report("s" * 48 + "ff"), report("s" * 45 + "fffff")
    text = told(a, b, compare(a, b))
    assert "not distinguishable" in text
    assert "better" in text.splitlines()[-1]
    assert "is better" not in text.replace("which one is better", "")
    same = compare(a, a)
    assert (same.p_value, same.distinguishable) == (1.0, False)


def test_what_is_invalid_in_either_is_left_out_of_both() -> None:
    found = compare(report("sisf"), report("ssif"))
    assert (found.counts.n, found.left_out) == (2, 2)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"protocol": "robot2_single_bin"}, "protocol robot1 and robot2_single_bin"),
        ({"robot": "robot2"}, "robot robot1 and robot2"),
        ({"objects": "procedural_test"}, "objects mixed_test and procedural_test"),
        ({"replacement": "without"}, "replacement"),
        ({"wanted": 408}, "wanted 4 and 408"),
        ({"seed": 2}, "seed 1 and 2"),
        ({"backend": "robot"}, "backend sim and robot"),
        ({"outcome_sources": ["operator"]}, "judged by simulator and operator"),
    ],
)
def test_what_is_no_pair_is_refused_by_name(changed: dict, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        compare(report("ssff"), report("ssff", **changed))


def test_runs_of_different_length_are_refused() -> None:
    with pytest.raises(ConfigError, match="4 and 3 attempts made"):
        compare(report("ssff"), report("ssf", wanted=4))


def test_other_objects_under_the_same_seed_are_refused() -> None:
    other = copy.deepcopy(report("ssff"))
    other["episodes"][2]["object_names"] = ["a", "c"]
    with pytest.raises(ConfigError, match="grasp 3 has seed 102"):
        compare(report("ssff"), other)


def test_no_valid_pair_is_no_comparison() -> None:
    with pytest.raises(ConfigError, match="no trial is valid in both"):
        compare(report("si"), report("is"))


def test_a_report_of_the_first_schema_is_one_of_scenes() -> None:
    old = report("ssff")
    for name in ("protocol", "replacement", "outcome_sources"):
        del old[name]
    assert compare(old, old).counts.n == 4
    with pytest.raises(ConfigError, match="protocol scenes and robot1"):
        compare(old, report("ssff"))


def test_the_command_takes_folders_and_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, outcomes in (("a", "ssss"), ("b", "ssff")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text(json.dumps(report(outcomes)))
    words = [str(tmp_path / "a"), str(tmp_path / "b" / "report.json")]
    assert command(words) == 0
    assert "not distinguishable" in capsys.readouterr().out
    assert command([*words, "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert (plain["pairs"], plain["only_a"], plain["distinguishable"]) == (4, 2, False)


def test_what_is_no_report_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x").write_text("{}")
    assert command([str(tmp_path / "x"), str(tmp_path)]) == 2
    assert "has no episodes" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="is no report"):
        read_report(tmp_path)
