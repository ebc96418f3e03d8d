# SPDX-License-Identifier: Apache-2.0
"""Options of all commands of `rlcg-train` that learn: where, and how precisely."""

import argparse

# Here and not in `rlcg_train.device`, which loads torch: a help text shall not wait for that.
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "float32", "bfloat16")


def add_compute(command: argparse.ArgumentParser) -> None:
    """Add --device and --precision to a command."""
    text = "auto takes a GPU where there is one (default)"
    command.add_argument("--device", choices=DEVICES, default="auto", help=text)
    text = "of the networks; auto takes bfloat16 where the hardware has it (default)"
    command.add_argument("--precision", choices=PRECISIONS, default="auto", help=text)
