# SPDX-License-Identifier: Apache-2.0
import pytest

from rlcg_bench.bars import Bar
from rlcg_core.errors import ConfigError


@pytest.mark.parametrize(
    ("found", "direction", "holds"),
    [
        (45.0, "at least", True),
        (44.9, "at least", False),
        (45.0, "at most", True),
        (45.1, "at most", False),
        (None, "at least", None),
    ],
)
def test_a_bar_holds_on_its_limit_and_on_the_right_side_of_it(
    found: float | None, direction: str, holds: bool | None
) -> None:
    assert Bar("speed", found, 45.0, direction).holds is holds


def test_a_bar_for_another_machine_has_no_verdict_on_this_one() -> None:
    bar = Bar("speed", 1.0, 45.0, "at least", applies=False)
    assert bar.holds is None
    assert bar.verdict == "not for this machine"


def test_a_misspelt_direction_is_refused() -> None:
    with pytest.raises(ConfigError, match="'more'"):
        Bar("speed", 1.0, 45.0, "more")
