#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Usage: docker/health.sh [OPTIONS OF rlcg doctor]
# The container's health: what `rlcg doctor` finds. Docker knows 0 and 1 only.
/opt/rlcg/docker/entrypoint.sh rlcg doctor --quick "$@" || exit 1
