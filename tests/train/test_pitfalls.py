# SPDX-License-Identifier: Apache-2.0
"""The index of pitfalls names tests that exist, and misses none of the 25."""

import re
from pathlib import Path

ROW = re.compile(r"^\| (\d+) \| .* \| (.*) \|$")
FILE, TEST = re.compile(r"`([\w/]+\.py)`: "), re.compile(r"`(test_\w+)`")


def test_every_pitfall_is_watched_by_tests_that_exist(repository: Path) -> None:
    lines = (repository / "docs/pitfalls.md").read_text().splitlines()
    rows = {int(found[1]): found[2] for line in lines if (found := ROW.match(line))}
    assert list(rows) == list(range(1, 26))
    missing = []
    for number, watched in rows.items():
        _, *parts = FILE.split(watched)
        assert parts, f"pitfall {number} names no test"
        for file, names in zip(parts[::2], parts[1::2], strict=True):
            text = (repository / "tests" / file).read_text()
            missing += [n for n in TEST.findall(names) if f"def {n}(" not in text]
    assert not missing
