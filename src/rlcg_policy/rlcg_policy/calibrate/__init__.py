# SPDX-License-Identifier: Apache-2.0
"""Camera calibration from pictures of a printed board: intrinsics, and the pose in the cell."""
