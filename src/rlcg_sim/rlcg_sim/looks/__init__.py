# SPDX-License-Identifier: Apache-2.0
"""What a world looks like: colours, patterns, light and lens over one and the same physics."""
