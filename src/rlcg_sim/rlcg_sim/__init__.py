# SPDX-License-Identifier: Apache-2.0
"""Simulated world of rlcg: a Kuka iiwa over a bin in PyBullet."""
