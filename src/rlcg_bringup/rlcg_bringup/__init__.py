# SPDX-License-Identifier: Apache-2.0
"""The rlcg command: runs a launch file by the real ros2 launch where it is installed, else by a small stand-in."""
