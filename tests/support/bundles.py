# SPDX-License-Identifier: Apache-2.0
"""A complete manifest and golden record for tests; the graph's bytes are up to the test."""

from rlcg_core import spec
from rlcg_core.cell import ROBOT1
from rlcg_core.cem import CemSettings, Variable
from rlcg_core.golden import Golden, GoldenCase
from rlcg_core.manifest import (
    ActionFields,
    CameraEnvelope,
    CemStart,
    GraphForm,
    ImageFormat,
    Manifest,
    Tensor,
    Training,
)
from rlcg_core.rule import RuleParameters

CEM = CemSettings(
    variables=(
        Variable("goal_x", "m", 0.45, 0.75),
        Variable("goal_y", "m", -0.18, 0.18),
        Variable("goal_yaw", "rad", -1.6, 1.6),
    ),
    samples=32,
    elites=6,
    iterations=3,
    std_floor=(0.003, 0.003, 0.05),
)
BY_RULE = ("displacement_z", "close", "open", "terminate")


def rows(matrix: object) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(number) for number in row) for row in matrix)  # type: ignore[attr-defined]


def example_manifest(name: str = "example") -> Manifest:
    learned = tuple(field for field in spec.ACTION_NAMES if field not in BY_RULE)
    return Manifest(
        name=name,
        image=ImageFormat(),
        inputs={
            "image": Tensor("uint8", (512, 640, 3)),
            "tool_pose": Tensor("float32", (4,)),
            "projection": Tensor("float32", (3, 4)),
            "cem_mean0": Tensor("float32", (3,)),
            "cem_std0": Tensor("float32", (3,)),
            "noise": Tensor("float32", CEM.noise_shape),
        },
        outputs={
            "action": Tensor("float32", (8,)),
            "goal": Tensor("float32", (3,)),
            "q": Tensor("float32", ()),
            "mean": Tensor("float32", (3,)),
            "std": Tensor("float32", (3,)),
        },
        cem=CEM,
        cem_start=CemStart((0.60, 0.0, 0.0), (0.10, 0.12, 0.8)),
        action=ActionFields(learned, BY_RULE),
        rule=RuleParameters(),
        camera=CameraEnvelope(
            rows(ROBOT1.camera.intrinsics_px), rows(ROBOT1.camera.transform_camera_to_base)
        ),
        training=Training("0" * 7, "2000-01-01", 0.0, {"network": "0"}, {"grasps": "none"}),
        graphs=(GraphForm("policy.onnx", "float32", CEM.iterations, CEM.samples),),
    )


def example_golden() -> Golden:
    inputs = {
        "tool_pose": (0.6, 0.0, 0.3, 0.0),
        "projection": tuple(ROBOT1.camera.projection_base_to_px().ravel().tolist()),
        "cem_mean0": (0.60, 0.0, 0.0),
        "cem_std0": (0.10, 0.12, 0.8),
    }
    tolerance = {"action": 1e-3, "goal": 1e-3, "q": 1e-3, "mean": 1e-3, "std": 1e-3}
    return Golden(tolerance, (GoldenCase(1, 2, inputs, {}),))
