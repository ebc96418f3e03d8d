# SPDX-License-Identifier: Apache-2.0
"""Keys and permissions of SROS 2."""
