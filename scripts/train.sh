#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Usage: scripts/train.sh [DATA] [RUNS] [ROBOT]
# Trains the model robot1_grasp_success, or that of ROBOT, again, from nothing to a bundle. Each step goes on
# where it stopped.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-data}
runs=${2:-runs/train}
robot=${3:-robot1}
model=$runs/${robot}_grasp_success

rlcg-train collect --robot "$robot" --out "$data/scripted" --attempts 3000
rlcg-train fit --robot "$robot" --data "$data/scripted" --out "$runs/round_0" --epochs 40
rlcg-train collect --robot "$robot" --out "$data/on_policy" --attempts 1500 --first 100000 --checkpoint "$runs/round_0/checkpoint.pt"
rlcg-train fit --robot "$robot" --data "$data/scripted" "$data/on_policy" --out "$runs/round_1" --epochs 25
rlcg-train measure --robot "$robot" --checkpoint "$runs/round_1/checkpoint.pt" --grasps 200
rlcg-train export --checkpoint "$runs/round_1/checkpoint.pt" --out "$model"
rlcg-train frames --robot "$robot" --model "$model"
rlcg-train record-episodes --robot "$robot" --out "$data/episodes" --episodes 12
rlcg-train quantize --model "$model" --episodes "$data/episodes"
echo "wrote $model; try it: make grasp ARGS=\"robot:=$robot model:=$PWD/$model\""
