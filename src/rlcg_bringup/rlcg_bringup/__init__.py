# SPDX-License-Identifier: Apache-2.0
"""The rlcg command: starts launch files."""
