#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes requirements/*.txt (pinned, with hashes, for Python 3.11 and 3.12) from requirements/*.in.
# Needs uv (https://docs.astral.sh/uv). TORCH_FROM names another source of the CPU wheels of torch.
set -euo pipefail
cd "$(dirname "$0")/../requirements"

read -r -a torch_from <<<"${TORCH_FROM:---index https://download.pytorch.org/whl/cpu}"
compile() {
    uv pip compile --no-config --quiet --universal --generate-hashes --no-header \
        --fork-strategy fewest --annotation-style line --index-strategy unsafe-best-match "$@"
}

# One resolution for all groups first, so that the same package has the same version in each of them.
all=$(mktemp --suffix=.txt)
trap 'rm -f "$all"' EXIT
# What is locked keeps its version; to have the newest of a package, remove its lines from the locks first.
cat core.txt ros.txt ros-build.txt runtime.txt ort-cpu.txt train.txt dev.txt >"$all"
compile --python-version 3.11 "${torch_from[@]}" core.in ros.in ros-build.in runtime.in ort-cpu.in train.in dev.in -o "$all"
for group in core ros ros-build runtime ort-cpu ort-openvino ort-gpu dev train; do
    echo "locking requirements/$group.txt"
    extra=()
    if [[ $group == train ]]; then extra=("${torch_from[@]}"); fi
    compile --python-version 3.11 "${extra[@]}" -c "$all" "$group.in" -o "$group.txt"
    sed -i "s|-c $all, ||; s|, -c $all||; 1i # Locked by scripts/lock.sh from $group.in; do not edit." "$group.txt"
done

# Beside an installed ROS 2 with NumPy 1: a resolution of its own, also for Python 3.10.
echo "locking requirements/system-ros.txt"
compile --python-version 3.10 system-ros.in -o system-ros.txt
sed -i "1i # Locked by scripts/lock.sh from system-ros.in; do not edit." system-ros.txt

# Its other build of ONNX Runtime, for the GPU container image.
echo "locking requirements/system-ros-gpu.txt"
compile --python-version 3.10 -c system-ros.txt system-ros-gpu.in -o system-ros-gpu.txt
sed -i "s|, -c system-ros.txt||; s|-c system-ros.txt, ||; 1i # Locked by scripts/lock.sh from system-ros-gpu.in; do not edit." system-ros-gpu.txt

# The same with PyTorch, whose CPU build is locked from Python 3.11 on.
echo "locking requirements/system-ros-train.txt"
compile --python-version 3.11 "${torch_from[@]}" -c system-ros.txt system-ros-train.in -o system-ros-train.txt
sed -i "s|, -c system-ros.txt||; s|-c system-ros.txt, ||; 1i # Locked by scripts/lock.sh from system-ros-train.in; do not edit." system-ros-train.txt
