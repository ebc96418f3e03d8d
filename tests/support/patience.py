# SPDX-License-Identifier: Apache-2.0
"""Parameters for launches in real time on a busy machine; what is too old has tests of its own."""

from pathlib import Path

PATIENT = """\
/**/arm_node:
  ros__parameters: {max_command_age_s: 5.0, max_joint_age_s: 5.0, max_joint_gap_s: 1.0}
/**/policy_node:
  ros__parameters:
    plan: cpu-float32
    max_image_age_s: 5.0
    max_state_age_s: 5.0
    max_silence_s: 5.0
    max_skew_s: 1.0
"""


def patience(folder: Path) -> str:
    """Write the file and return the launch argument that names it."""
    path = folder / "patient.yaml"
    path.write_text(PATIENT)
    return f"params_file:={path}"
