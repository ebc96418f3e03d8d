# SPDX-License-Identifier: Apache-2.0
# Source me in bash or zsh:  . scripts/env.sh
# Puts this shell into the workspace: the virtual environment, ROS 2 (an installed one if it is sourced, else
# the wheels in the virtual environment; never both), the colcon overlay and the shared-memory DDS profile.

_rlcg_root=$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")/.." && pwd)
_rlcg_venv=${RLCG_VENV:-$_rlcg_root/.venv}

_rlcg_fail() {
    echo "scripts/env.sh: $1" >&2
    return 1
}

# The wheels re-execute Python once with these set; inherited from another environment they load its libraries.
_rlcg_forget_other_wheels() {
    if [ -n "${_ROS_WHEELS_BOOTSTRAP_COMPLETE:-}" ]; then
        unset _ROS_WHEELS_BOOTSTRAP_COMPLETE LD_LIBRARY_PATH
    fi
}

_rlcg_check_no_mix() {
    [ -e "$_rlcg_venv/.wheels" ] || return 0
    case ":${AMENT_PREFIX_PATH:-}:${PYTHONPATH:-}:${LD_LIBRARY_PATH:-}:" in
    *:/opt/ros/*)
        _rlcg_fail "found an installed ROS 2 (/opt/ros) in the environment, but $_rlcg_venv holds the ROS 2 wheels; expected one of them; open a shell without ROS, or run 'make clean setup' in this one"
        return 1
        ;;
    esac
    if [ -n "${ROS_DISTRO:-}" ]; then
        _rlcg_fail "found ROS_DISTRO=$ROS_DISTRO, but $_rlcg_venv holds the ROS 2 wheels; expected one ROS 2; open a shell without ROS, or run 'make clean setup' in this one"
        return 1
    fi
}

_rlcg_enter() {
    [ -x "$_rlcg_venv/bin/python" ] || { _rlcg_fail "found no virtual environment at $_rlcg_venv; run 'make setup' first"; return 1; }
    _rlcg_forget_other_wheels
    _rlcg_check_no_mix || return 1
    VIRTUAL_ENV=$_rlcg_venv
    PATH=$_rlcg_venv/bin:${PATH}
    export VIRTUAL_ENV PATH
    unset PYTHONHOME
    if [ -e "$_rlcg_venv/.wheels" ]; then
        # The ament index of the wheels; must be there for building and for the overlay's setup file.
        AMENT_PREFIX_PATH=$_rlcg_venv
        export AMENT_PREFIX_PATH
    fi
    # A localhost discovery range still opens sockets and overrides the profile below; Kilted ignores the second.
    unset ROS_AUTOMATIC_DISCOVERY_RANGE ROS_LOCALHOST_ONLY
    : "${FASTDDS_DEFAULT_PROFILES_FILE:=$_rlcg_root/config/fastdds_shm_only.xml}"
    export FASTDDS_DEFAULT_PROFILES_FILE
    if [ "${ROS_DISTRO:-}" = humble ] || [ "${ROS_DISTRO:-}" = jazzy ]; then
        : "${FASTRTPS_DEFAULT_PROFILES_FILE:=$FASTDDS_DEFAULT_PROFILES_FILE}"
        export FASTRTPS_DEFAULT_PROFILES_FILE
    fi
    if [ -e "$_rlcg_root/install/local_setup.sh" ]; then
        # The generated file needs nounset off and its own directory as the current one.
        case $- in *u*) _rlcg_nounset=1; set +u ;; *) _rlcg_nounset= ;; esac
        if [ -n "${ZSH_VERSION:-}" ]; then emulate -R sh -c ". '$_rlcg_root/install/local_setup.sh'"
        else . "$_rlcg_root/install/local_setup.bash"; fi
        if [ -n "$_rlcg_nounset" ]; then set -u; fi
    fi
}

_rlcg_enter
