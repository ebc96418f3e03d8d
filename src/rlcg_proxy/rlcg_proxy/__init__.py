# SPDX-License-Identifier: Apache-2.0
"""World `real_proxy`, which stands in for the robot: training knows it by its logged episodes."""
