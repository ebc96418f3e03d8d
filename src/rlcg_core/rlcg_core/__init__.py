# SPDX-License-Identifier: Apache-2.0
"""The core of rlcg: spec, types, ports, CEM, gate. Knows no middleware, simulator or framework."""
