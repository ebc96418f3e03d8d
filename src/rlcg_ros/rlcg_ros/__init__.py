# SPDX-License-Identifier: Apache-2.0
"""Thin ROS 2 layer of rlcg: conversions, parameters, QoS profiles, diagnostics."""
