# SPDX-License-Identifier: Apache-2.0
"""What is kept of an evaluation: record, console lines, picture strip, page."""
