#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Enters ROS 2 and the workspace, then becomes the command, which so gets the container's signals itself.
set -eo pipefail
. "/opt/ros/$ROS_DISTRO/setup.bash"
. /opt/rlcg/scripts/env.sh
exec "$@"
