# SPDX-License-Identifier: Apache-2.0
"""Thin ROS 2 layer of rlcg: conversions in pairs, parameters from dataclasses, QoS profiles, diagnostics."""
