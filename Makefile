# SPDX-License-Identifier: Apache-2.0
# `make help` lists the targets. Where a ROS 2 is sourced, all of them use it instead of the wheels.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Arguments of the launch file or of pytest: make grasp ARGS="grasps:=102", make test ARGS="-k gate"
ARGS ?=
# An interpreter to use instead of the first Python 3.11 or 3.12 that is found.
export PYTHON ?=
# The build of ONNX Runtime in .venv: cpu, openvino or gpu. The last choice stays until another is made.
RUNTIME ?= $(or $(patsubst .venv/.stamp-ort-%,%,$(firstword $(wildcard .venv/.stamp-ort-*))),cpu)

# An installed ROS 2 whose messages are compiled for NumPy 1 must not meet NumPy 2.
ifdef ROS_DISTRO
NUMPY := $(shell /usr/bin/python3 -c 'import numpy; print(numpy.__version__.split(".")[0])' 2>/dev/null)
RUN_GROUPS := $(if $(filter 1,$(NUMPY)),system-ros,runtime ort-$(RUNTIME) dev)
TRAIN_GROUP := $(if $(filter 1,$(NUMPY)),system-ros-train,train)
ifneq ($(filter-out cpu,$(if $(filter 1,$(NUMPY)),$(RUNTIME))),)
$(error found RUNTIME=$(RUNTIME) beside a ROS 2 with NumPy 1, expected cpu: run "make setup", then swap by hand: .venv/bin/pip uninstall onnxruntime, .venv/bin/pip install onnxruntime-$(RUNTIME))
endif
# PyTorch's CPU build is locked from Python 3.11 on; Humble has 3.10.
ifeq ($(shell /usr/bin/python3 -c 'import sys; print(sys.version_info < (3, 11))'),True)
TRAIN_GROUP :=
TESTS := --ignore=tests/train --ignore=tests/bench
endif
else
RUN_GROUPS := core ros ros-build runtime ort-$(RUNTIME) dev
TRAIN_GROUP := train
endif
ENTER := . scripts/env.sh &&

.PHONY: help setup setup-train setup-openvino build grasp test test-core faults fuzz train table bench soak images lint format clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

setup:  ## Virtual environment, locked packages, colcon build (RUNTIME=openvino or gpu: with that ONNX Runtime)
	@scripts/setup.sh .venv $(RUN_GROUPS)
	@scripts/build.sh

setup-train: setup  ## The same, and PyTorch for training (the CPU build)
	@$(if $(TRAIN_GROUP),scripts/setup.sh .venv $(TRAIN_GROUP),echo "setup: no training and none of its tests: found Python 3.10, expected 3.11 or newer")

setup-openvino:  ## A second environment, .venv-openvino, for the benchmark of OpenVINO beside the others
	@scripts/setup.sh .venv-openvino ort-openvino

build: setup  ## Build the workspace again where sources of a build changed

grasp: setup  ## Set up, then grasp in simulation (ARGS="grasps:=102 gui:=true")
	@$(ENTER) exec rlcg launch rlcg_policy grasp.launch.py $(ARGS)

test: setup-train  ## Set up, then run every test (ARGS="-k gate")
	@$(ENTER) exec python -m pytest $(TESTS) $(ARGS)

test-core:  ## Run the tests of the core alone, without ROS (30 s)
	@scripts/setup.sh .venv-core core dev
	@exec env -u PYTHONPATH .venv-core/bin/python -m pytest tests/core $(ARGS)

faults: setup  ## Make every fault on a moving arm in simulation and measure the hold, 5 min (ARGS="-k camera")
	@$(ENTER) exec python -m pytest tests/faults -q --tb=line --faults-report runs $(ARGS)

fuzz: setup  ## Fuzz what reads models, recordings and profiles for half an hour (ARGS="-k bag")
	@$(ENTER) RLCG_FUZZ_EXAMPLES=$${RLCG_FUZZ_EXAMPLES:-2000} python -m pytest tests/security/test_fuzz_*.py --timeout 3600 $(ARGS)

train: setup-train  ## Train the shipped model again (hours on 2 cores; resumes)
	@$(ENTER) exec scripts/train.sh

table: setup-train  ## Make docs/results.md: train and measure all methods (resumes; SMOKE=1: toy size, in runs/smoke)
	@$(ENTER) exec rlcg-proxy table $(if $(SMOKE),--smoke) $(ARGS)

bench: setup-train  ## Measure policy step, simulator and latency, about 15 min (ARGS="policy --rounds 20")
	@$(if $(TRAIN_GROUP),$(ENTER) exec rlcg-bench $(ARGS),echo "bench: found Python 3.10, expected 3.11 or newer for PyTorch" >&2; exit 1)

images:  ## Build the container images of docker/compose.yaml (ARGS="sim gpu train"; default: sim, which is also robot's)
	@RLCG_COMMIT=$$(git describe --always --dirty --abbrev=12 --exclude='*') \
	    docker compose -f docker/compose.yaml build $(or $(ARGS),sim)

soak: setup-train  ## Let the whole graph grasp for an hour: nothing may grow (ARGS="minutes:=60")
	@$(ENTER) exec rlcg soak $(ARGS)

lint: setup  ## Check style and types
	@$(ENTER) ruff check .
	@$(ENTER) mypy
	@$(ENTER) hadolint docker/Dockerfile

format: setup  ## Order imports and format the code
	@$(ENTER) ruff check --fix . && ruff format .

clean:  ## Remove the build and the virtual environments; runs/ and models/ stay
	rm -rf build install log .venv .venv-core .venv-openvino .pytest_cache .mypy_cache .ruff_cache .hypothesis
