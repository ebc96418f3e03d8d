# SPDX-License-Identifier: Apache-2.0
"""The camera: where pictures come from, how they are cut, and what is known of their geometry."""
