# SPDX-License-Identifier: Apache-2.0
"""Benchmark of the policy step, the simulator and the way from image to command."""
