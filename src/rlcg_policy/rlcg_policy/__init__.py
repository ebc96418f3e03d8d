# SPDX-License-Identifier: Apache-2.0
"""Grasp policy of rlcg: serving in ONNX Runtime, inverse kinematics and the nodes."""
