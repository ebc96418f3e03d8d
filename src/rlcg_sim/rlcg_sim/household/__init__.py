# SPDX-License-Identifier: Apache-2.0
"""Household shapes as meshes, made here from a few measures each."""
