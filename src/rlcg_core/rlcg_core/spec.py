# SPDX-License-Identifier: Apache-2.0
"""The one source of the action and observation spec: names, order, units, bounds, frames.

After QT-Opt (Kalashnikov et al. 2018, section 4.2): the action is a Cartesian tool displacement,
a yaw change as (sin, cos), and the binary commands close, open, terminate. Bounds per step are
those of the public Bullet grasping task, +-0.06 m; the yaw bound is ours (the record is silent).
Whatever crosses a border (message, file, network, bundle) is checked against this file once, and
carries its fingerprint.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from rlcg_core.errors import SpecError

FloatArray = npt.NDArray[np.float64]

SPEC_VERSION = 1


@dataclass(frozen=True)
class Field:
    """One number of the action or of the observed state.

    ``low`` and ``high`` are inclusive bounds in ``unit``; ``frame`` names the axes.
    """

    name: str
    unit: str
    low: float
    high: float
    frame: str
    meaning: str


DISPLACEMENT_BOUND_M = 0.06
YAW_BOUND_RAD = 0.5

_D, _B = DISPLACEMENT_BOUND_M, "robot base"
ACTION_FIELDS: tuple[Field, ...] = (
    Field("displacement_x", "m", -_D, _D, _B, "tool displacement along base x"),
    Field("displacement_y", "m", -_D, _D, _B, "tool displacement along base y"),
    Field("displacement_z", "m", -_D, _D, _B, "tool displacement along base z, up positive"),
    Field("yaw_change_sin", "1", -1.0, 1.0, _B, "sine of the tool's yaw change about base z"),
    Field("yaw_change_cos", "1", -1.0, 1.0, _B, "cosine of the same yaw change"),
    Field("close", "1", 0.0, 1.0, "gripper", "1: close the gripper"),
    Field("open", "1", 0.0, 1.0, "gripper", "1: open the gripper"),
    Field("terminate", "1", 0.0, 1.0, "episode", "1: end the episode after this step"),
)

STATE_FIELDS: tuple[Field, ...] = (
    Field("gripper_closed", "1", 0.0, 1.0, "gripper", "1: commanded closed, 0: commanded open"),
    Field("height_above_tray", "m", -0.05, 1.0, _B, "tool tip height above the tray bottom"),
)

IMAGE_HEIGHT_PX, IMAGE_WIDTH_PX, IMAGE_CHANNELS = 512, 640, 3
IMAGE_ENCODING = "rgb8"
CROP_PX = 472
CROP_TOP_PX = (IMAGE_HEIGHT_PX - CROP_PX) // 2
CROP_LEFT_PX = (IMAGE_WIDTH_PX - CROP_PX) // 2

ACTION_DIM = len(ACTION_FIELDS)
STATE_DIM = len(STATE_FIELDS)
ACTION_NAMES: tuple[str, ...] = tuple(field.name for field in ACTION_FIELDS)
ACTION_LOW: FloatArray = np.array([field.low for field in ACTION_FIELDS])
ACTION_HIGH: FloatArray = np.array([field.high for field in ACTION_FIELDS])
ACTION_LOW.setflags(write=False)
ACTION_HIGH.setflags(write=False)


def as_dict() -> dict[str, object]:
    """Return the whole spec as plain data, the form that is hashed and stored in bundles."""
    return {
        "version": SPEC_VERSION,
        "action": [asdict(field) for field in ACTION_FIELDS],
        "state": [asdict(field) for field in STATE_FIELDS],
        "image": [IMAGE_HEIGHT_PX, IMAGE_WIDTH_PX, IMAGE_CHANNELS],
        "encoding": IMAGE_ENCODING,
        "crop": [CROP_TOP_PX, CROP_LEFT_PX, CROP_PX, CROP_PX],
        "yaw_bound_rad": YAW_BOUND_RAD,
    }


@cache
def fingerprint() -> str:
    """Return 16 hexadecimal digits that change whenever names, order, units or bounds change."""
    text = json.dumps(as_dict(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def commands_of(action: npt.ArrayLike) -> tuple[bool, ...]:
    """Return whether an action (8,) closes, opens and terminates."""
    given = np.ravel(action)[ACTION_NAMES.index("close") :] > 0.5
    return tuple(given.tolist())


def check_action(values: npt.ArrayLike) -> FloatArray:
    """Return ``values`` as a float64 array of shape (8,), or raise `SpecError`.

    Checks shape, finiteness, bounds, that the yaw pair lies on the unit circle within the yaw
    bound, and that close and open are not commanded together.
    """
    action = np.asarray(values, dtype=np.float64)
    if action.shape != (ACTION_DIM,):
        raise SpecError(f"action has shape {action.shape}, expected (8,): {ACTION_NAMES}")
    if not np.all(np.isfinite(action)):
        raise SpecError(f"action has non-finite numbers: {action.tolist()}")
    _check_bounds(action)
    _check_yaw(float(action[3]), float(action[4]))
    if action[5] > 0.5 and action[6] > 0.5:
        raise SpecError("action commands close and open together, expected at most one of them")
    return action


def _check_bounds(action: FloatArray, slack: float = 1e-6) -> None:
    outside = (action < ACTION_LOW - slack) | (action > ACTION_HIGH + slack)
    if np.any(outside):
        i = int(np.argmax(outside))
        field = ACTION_FIELDS[i]
        raise SpecError(
            f"{field.name} is {action[i]:.4g} {field.unit}, expected within "
            f"[{field.low:g}, {field.high:g}]"
        )


def _check_yaw(sine: float, cosine: float) -> None:
    norm = float(np.hypot(sine, cosine))
    if abs(norm - 1.0) > 1e-3:
        raise SpecError(f"(sin, cos) of the yaw change has norm {norm:.4g}, expected 1")
    yaw_rad = float(np.arctan2(sine, cosine))
    if abs(yaw_rad) > YAW_BOUND_RAD + 1e-6:
        raise SpecError(f"yaw change is {yaw_rad:.3g} rad, expected within +-{YAW_BOUND_RAD} rad")
