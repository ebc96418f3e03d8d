#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the colcon workspace with the Python of the virtual environment. Does nothing where no source of a
# build changed; edits of Python code need no build (--symlink-install).
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${RLCG_VENV:-.venv}
stamp=install/.stamp

fail() {
    echo "build: $1" >&2
    exit 1
}

# Names of the installed files, and the contents of those that are compiled or read by the build.
state() {
    "$venv/bin/python" --version
    echo "$PWD $venv ${AMENT_PREFIX_PATH:-}"
    find launch config models -type f ! -name '*.pyc' 2>/dev/null | sort
    find src/rlcg_msgs cmake src/*/setup.py src/*/setup.cfg src/*/package.xml -type f -print0 | sort -z | xargs -0 sha256sum
}

if [[ ! -x $venv/bin/python ]]; then fail "found no virtual environment at $venv; run 'make setup'"; fi
if [[ -e $venv/.wheels ]]; then export AMENT_PREFIX_PATH=$PWD/$venv; fi
before=$(state | sha256sum)
if [[ -f $stamp && $(<"$stamp") == "$before" ]]; then exit 0; fi

command -v c++ >/dev/null || fail "found no C++ compiler (c++), needed for the messages; install one (Debian, Ubuntu: apt install g++)"
command -v cc >/dev/null || fail "found no C compiler (cc), needed for the messages; install one (Debian, Ubuntu: apt install gcc)"
"$venv/bin/python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' \
    || fail "found no Python.h of $("$venv/bin/python" --version), needed for the messages; install it (Debian, Ubuntu: apt install python3-dev)"
command -v make >/dev/null || command -v ninja >/dev/null || fail "found no make; install it (Debian, Ubuntu: apt install make)"

options=()
colcon=$venv/bin/colcon
if [[ -e $venv/.wheels ]]; then
    options=(--cmake-args "-DCMAKE_PROJECT_INCLUDE=$PWD/cmake/ros_wheels.cmake" "-DPython3_EXECUTABLE=$PWD/$venv/bin/python")
    PATH=$PWD/$venv/bin:$PATH
else
    colcon=$(command -v colcon) || fail "found ROS 2 ${ROS_DISTRO:-} but no colcon; install it (apt install python3-colcon-common-extensions)"
fi
# An overlay built from another place or Python would be mixed in.
if [[ -f $stamp ]] && ! grep -qs "^$PWD\$" install/.root; then rm -rf build install log; fi
echo "build: colcon workspace"
# By the virtual environment's Python, so that the entry points are started with it.
"$venv/bin/python" "$colcon" --log-level error build --symlink-install --event-handlers console_cohesion- \
    "${options[@]}" || fail "colcon build failed (see log/latest_build); with a changed compiler, Python or folder: make clean, then again"
echo "$PWD" >install/.root
echo "$before" >"$stamp"
