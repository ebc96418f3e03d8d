# SPDX-License-Identifier: Apache-2.0
"""Training of rlcg: collection in simulation, Q-network, evaluation and export to an ONNX bundle."""
