# SPDX-License-Identifier: Apache-2.0
"""What a policy was shown at one instant, wherever it was recorded, as inputs of its graph."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rlcg_core.errors import BundleError
from rlcg_core.manifest import Manifest
from rlcg_core.types import ImageArray, Observation

FloatArray = npt.NDArray[np.float64]
Inputs = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class SeenFrame:
    """A picture (512, 640, 3) uint8 RGB and what was measured with it.

    ``state`` (2,): gripper closed, height above the tray [m]; ``tool_pose`` (4,): x, y, z [m],
    yaw [rad]; ``projection`` (3, 4): base [m] to pixels.
    """

    image_hwc: ImageArray
    state: FloatArray
    tool_pose: FloatArray
    projection: FloatArray

    @classmethod
    def of(cls, observation: Observation) -> "SeenFrame":
        """Return the frame of an observation; the picture is copied."""
        tool = observation.tool_pose
        return cls(
            observation.image_hwc.copy(),
            np.array([float(observation.gripper_closed), observation.height_above_tray_m]),
            np.array([*tool.position_m, tool.yaw_rad]),
            np.asarray(observation.projection_base_to_px, np.float64),
        )


def graph_inputs(manifest: Manifest, frame: SeenFrame, noise: npt.NDArray[np.float32]) -> Inputs:
    """Return all inputs of a bundle's graph, a global search begun; raises `BundleError`."""
    start = manifest.cem_start
    known: dict[str, Any] = {
        "image": frame.image_hwc,
        "state": frame.state,
        "tool_pose": frame.tool_pose,
        "projection": frame.projection,
        "cem_mean0": start.mean0,
        "cem_std0": start.std0,
        "noise": noise,
    }
    unknown = sorted(set(manifest.inputs) - set(known))
    if unknown:
        raise BundleError(
            f"the graph wants {unknown}, recorded frames hold {sorted(known)}: "
            "record what it wants before it can be judged or quantized"
        )
    return {n: np.ascontiguousarray(known[n], t.dtype) for n, t in manifest.inputs.items()}
