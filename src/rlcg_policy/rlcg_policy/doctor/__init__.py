# SPDX-License-Identifier: Apache-2.0
"""`rlcg doctor`: is this machine, and the graph that runs on it, fit to grasp? It only looks."""
