# SPDX-License-Identifier: Apache-2.0
"""The soak: the whole graph grasps for an hour, and nothing of it may grow."""
