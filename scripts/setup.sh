#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Usage: scripts/setup.sh VENV GROUP...
# Makes the virtual environment VENV and installs the locked requirements of each GROUP: core, ros, ros-build,
# runtime, train, dev, or system-ros, system-ros-train and system-ros-gpu (beside an installed ROS 2 with NumPy 1); and
# one build of ONNX Runtime: ort-cpu, ort-openvino or ort-gpu, in the place of the one before. Does nothing where that
# is done.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
shift
TORCH_INDEX=https://download.pytorch.org/whl/cpu

fail() {
    echo "setup: $1" >&2
    exit 1
}

python_version() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

# A sourced ROS 2 is built for one Python, which is the system's; the wheels are made for several.
find_python() {
    local supported="3.11 3.12" candidates="${PYTHON:-python3 python3.12 python3.11}"
    if [[ -n ${ROS_DISTRO:-} ]]; then
        supported="3.10 3.11 3.12 3.13 3.14"
        candidates=${PYTHON:-/usr/bin/python3 python3}
    fi
    local found="" candidate version
    for candidate in $candidates; do
        version=$(python_version "$candidate")
        if [[ -n $version && " $supported " == *" $version "* ]]; then
            command -v "$candidate"
            return
        fi
        if [[ -n $version ]]; then found+=" $candidate=$version"; fi
    done
    fail "found${found:- no Python}, expected Python ${supported// / or }; install python3.11 and python3.11-venv, or name one: make setup PYTHON=/path/to/python3.11"
}

check_platform() {
    if [[ -n ${ROS_DISTRO:-} || " $* " != *" ros "* ]]; then return; fi
    if [[ $(uname -sm) != "Linux x86_64" ]]; then
        fail "found $(uname -sm), but the ROS 2 wheels are for Linux x86_64 only; install ROS 2, source it and run the same command again"
    fi
}

# The wheels and an installed ROS 2 in one process crash: a virtual environment is for one of them.
check_no_mix() {
    if [[ ! -f $venv/pyvenv.cfg ]]; then return; fi
    if [[ -n ${ROS_DISTRO:-} && -e $venv/.wheels ]]; then
        fail "found ROS 2 $ROS_DISTRO sourced, but $venv holds the ROS 2 wheels; run 'make clean', then the same command again, or use a shell without ROS"
    fi
    if [[ -z ${ROS_DISTRO:-} && " $* " == *" ros "* ]] && grep -q '^include-system-site-packages = true' "$venv/pyvenv.cfg"; then
        fail "found no ROS 2 sourced, but $venv was made for an installed one; source it (. /opt/ros/*/setup.bash), or run 'make clean' first"
    fi
}

check_groups() {
    local group
    for group in "$@"; do
        [[ -f requirements/$group.txt ]] || fail "found no requirements/$group.txt, expected one of: $(cd requirements && echo *.txt)"
    done
}

make_venv() {
    if [[ -x $venv/bin/pip && -n $(python_version "$venv/bin/python") ]]; then return; fi
    local python options=()
    python=$(find_python)
    if [[ -n ${ROS_DISTRO:-} ]]; then options=(--system-site-packages); fi
    echo "setup: virtual environment $venv with $python ($(python_version "$python"))"
    rm -rf "$venv"
    if ! "$python" -m venv "${options[@]}" "$venv" >/dev/null 2>&1 || [[ ! -x $venv/bin/pip ]]; then
        rm -rf "$venv"
        fail "$python cannot make a virtual environment; install its venv module (Debian, Ubuntu: apt install python$(python_version "$python")-venv)"
    fi
}

# One line per ten packages, or one moving line on a terminal, instead of pip's five lines per package.
show_progress() {
    local total=$1 n=0 line words
    while IFS= read -r line; do
        case $line in
        Collecting* | Processing* | "Requirement already satisfied"*)
            read -r -a words <<<"${line#Requirement already }"
            n=$((n + 1))
            if [[ -t 1 ]] || ((n % 10 == 0)); then say_progress "$n of about $total: ${words[1]##*/}"; fi
            ;;
        *"Building wheel for pybullet"*started) say_progress "compiling pybullet, which has no wheel for this Python: 4 to 8 minutes" ;;
        *"still running"*) say_progress "still compiling ($SECONDS s)" ;;
        "Installing collected packages"*) say_progress "installing $n packages" ;;
        esac
    done
    if [[ -t 1 ]]; then printf '\r\033[K'; fi
}

say_progress() {
    if [[ -t 1 ]]; then printf '\r\033[K  %s' "$1"; else echo "  $1"; fi
}

# The lock is complete, so nothing is resolved. Without debug information pybullet compiles faster.
pip_install() {
    CFLAGS=-g0 PYTHONUNBUFFERED=1 "$venv/bin/python" -m pip install --disable-pip-version-check --no-deps \
        --require-hashes "$@" 2>&1
}

# The builds of ONNX Runtime overwrite each other's files: the others go before one comes.
remove_other_runtimes() {
    local wanted=$1 build others=()
    for build in ort-cpu=onnxruntime ort-openvino=onnxruntime-openvino ort-gpu=onnxruntime-gpu; do
        if [[ ${build%=*} != "$wanted" ]]; then
            others+=("${build#*=}")
            rm -f "$venv/.stamp-${build%=*}"
        fi
    done
    "$venv/bin/python" -m pip uninstall --disable-pip-version-check --yes "${others[@]}" >"$venv/pip-uninstall.log" 2>&1 \
        || fail "removing ${others[*]} failed (see $venv/pip-uninstall.log); run 'make clean', then the same command again"
}

install_group() {
    local group=$1 lock=requirements/$1.txt stamp=$venv/.stamp-$1 key total log
    key=$(sha256sum "$lock" | cut -d' ' -f1)
    if [[ -f $stamp && $(<"$stamp") == "$key" ]]; then return; fi
    total=$(grep -cE '^[a-zA-Z]' "$lock")
    log=$venv/pip-$group.log
    echo "setup: requirements/$group.txt"
    if [[ $group == ort-* ]]; then remove_other_runtimes "$group"; fi
    if ! pip_install -r "$lock" | tee "$log" | show_progress "$total"; then
        # The CPU build of PyTorch is not on PyPI; a mirror in pip's own settings is asked first.
        if [[ $group != *train ]] || ! pip_install -r "$lock" --extra-index-url "$TORCH_INDEX" | tee "$log" | show_progress "$total"; then
            grep -E '^ *(ERROR|error):' "$log" | head -3 >&2 || true
            fail "installing requirements/$group.txt failed (see $log); check the network, then run the same command again"
        fi
    fi
    echo "$key" >"$stamp"
}

check_groups "$@"
check_platform "$@"
check_no_mix "$@"
make_venv
if [[ " $* " == *" ros "* ]]; then touch "$venv/.wheels"; fi
for group in "$@"; do install_group "$group"; done
