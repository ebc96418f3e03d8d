# SPDX-License-Identifier: Apache-2.0
"""Recordings: a bag per episode, replay of its decisions, data sets made of bags."""
