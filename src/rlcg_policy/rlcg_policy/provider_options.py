# SPDX-License-Identifier: Apache-2.0
"""Options of each execution provider, as ONNX Runtime takes them."""

import json
from pathlib import Path

from rlcg_policy.plans import PROVIDERS, Plan

Entry = str | tuple[str, dict[str, str]]

# OpenVINO's int8 graph has its precision in the file; what is not quantised stays float32.
_OPENVINO_HINTS = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}


def provider_list(plan: Plan, threads: int, engines: Path) -> list[Entry]:
    """Return the ``providers`` argument of a session; ``engines`` is TensorRT's cache folder."""
    wanted = PROVIDERS[plan.provider]
    if plan.provider == "openvino":
        return [(wanted, _openvino(plan, threads))]
    if plan.provider == "cuda":
        return [(wanted, _cuda())]
    if plan.provider == "tensorrt":
        # CUDA takes the nodes that TensorRT has no layer for.
        return [(wanted, _tensorrt(plan, engines)), (PROVIDERS["cuda"], {"use_tf32": "0"})]
    return [wanted]


def _openvino(plan: Plan, threads: int) -> dict[str, str]:
    device = {
        "INFERENCE_PRECISION_HINT": _OPENVINO_HINTS[plan.precision],
        # PERFORMANCE lets the plug-in lower the precision by itself.
        "EXECUTION_MODE_HINT": "ACCURACY",
    }
    # The text itself, not a path: OpenVINO 1.24 drops to the CPU with a line on stderr otherwise.
    load_config = json.dumps({"CPU": device})
    return {"device_type": "CPU", "num_of_threads": str(threads), "load_config": load_config}


def _cuda() -> dict[str, str]:
    return {"enable_cuda_graph": "1", "use_tf32": "0"}


def _tensorrt(plan: Plan, engines: Path) -> dict[str, str]:
    return {
        "trt_fp16_enable": "1" if plan.precision == "float16" else "0",
        "trt_cuda_graph_enable": "1",
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(engines),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(engines),
    }
