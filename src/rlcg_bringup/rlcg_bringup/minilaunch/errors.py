# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in a launch."""


class LaunchError(RuntimeError):
    """A launch that cannot go on: one line with what was found, was expected, and is to do."""
