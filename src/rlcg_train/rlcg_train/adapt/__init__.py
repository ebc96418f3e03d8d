# SPDX-License-Identifier: Apache-2.0
"""From simulated pictures to real ones: the sim-to-real methods, a file per training stage."""
