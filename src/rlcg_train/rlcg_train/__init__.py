# SPDX-License-Identifier: Apache-2.0
"""Training of rlcg: collect, train, evaluate, export."""
