# SPDX-License-Identifier: Apache-2.0
"""The simulated cell: scenes, objects, camera, expert, Gymnasium environment, ROS node."""
