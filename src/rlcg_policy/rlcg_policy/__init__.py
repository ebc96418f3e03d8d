# SPDX-License-Identifier: Apache-2.0
"""Grasp policy of rlcg: ONNX Runtime serving, inverse kinematics and the nodes policy_node, arm_node and evaluate_node."""
