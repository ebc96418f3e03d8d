# SPDX-License-Identifier: Apache-2.0
"""QT-Opt: the whole action learned by Bellman backups from stored and fresh episodes."""
