# SPDX-License-Identifier: Apache-2.0
"""How fast Q learns, against a plain loop."""
