# SPDX-License-Identifier: Apache-2.0
"""A ROS domain for each test."""

import itertools
import os

import pytest

_numbers = itertools.count()


@pytest.fixture
def domain() -> int:
    """A ROS domain that no other test of this folder uses."""
    return (int(os.environ["ROS_DOMAIN_ID"]) + next(_numbers)) % 233
