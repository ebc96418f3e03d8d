#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Usage: scripts/train.sh [DATA] [RUNS]
# Trains the model robot1_grasp_success again, from nothing to a bundle. Each step goes on where it stopped.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-data}
runs=${2:-runs/train}

rlcg-train collect --out "$data/scripted" --attempts 3000
rlcg-train fit --data "$data/scripted" --out "$runs/round_0" --epochs 40
rlcg-train collect --out "$data/on_policy" --attempts 1500 --first 100000 --checkpoint "$runs/round_0/checkpoint.pt"
rlcg-train fit --data "$data/scripted" "$data/on_policy" --out "$runs/round_1" --epochs 25
rlcg-train measure --checkpoint "$runs/round_1/checkpoint.pt" --grasps 200
rlcg-train export --checkpoint "$runs/round_1/checkpoint.pt" --out "$runs/robot1_grasp_success"
rlcg-train frames --model "$runs/robot1_grasp_success"
rlcg-train record-episodes --out "$data/episodes" --episodes 12
rlcg-train quantize --model "$runs/robot1_grasp_success" --episodes "$data/episodes"
echo "wrote $runs/robot1_grasp_success; try it: make grasp ARGS=\"model:=$PWD/$runs/robot1_grasp_success\""
