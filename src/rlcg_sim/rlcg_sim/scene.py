# SPDX-License-Identifier: Apache-2.0
"""What stands in the physics client: table, bin, and the objects dropped into it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pybullet_data

from rlcg_core.base_pose import BasePose
from rlcg_core.errors import WorldError
from rlcg_sim.bin_row import BinRow
from rlcg_sim.household.files import stored
from rlcg_sim.objects import ObjectShape

FloatArray = npt.NDArray[np.float64]

TIME_STEP_S = 1.0 / 240.0
SOLVER_ITERATIONS = 50
DROP_HEIGHT_M, DROP_GAP_M = 0.08, 0.02
TRIES, ROOM_M = 12, 0.11
RAISE_TRIES = 12
SETTLE_LIMIT_S = 4.0
SETTLED_SPEED_M_S = 0.02
SETTLE_DAMPING, FREE_DAMPING = 0.6, 0.04
TABLE_RGBA = (0.45, 0.40, 0.36, 1.0)
BIN_FLOOR_RGBA = (0.72, 0.72, 0.70, 1.0)
BIN_WALL_RGBA = (0.35, 0.40, 0.48, 1.0)


def configure_physics(client: Any) -> None:
    """Set gravity, step and solver as measured to grasp well and fast."""
    client.setAdditionalSearchPath(pybullet_data.getDataPath())
    client.setGravity(0, 0, -9.81)
    client.setPhysicsEngineParameter(
        fixedTimeStep=TIME_STEP_S,
        numSolverIterations=SOLVER_ITERATIONS,
        solverResidualThreshold=1e-4,
        deterministicOverlappingPairs=1,
    )


def build_bins(client: Any, row: BinRow) -> list[int]:
    """Create table, floor of the bins and their walls; return their body numbers."""
    boxes = row.boxes()
    colours = (TABLE_RGBA, BIN_FLOOR_RGBA, *(BIN_WALL_RGBA,) * (len(boxes) - 2))
    quaternion = client.getQuaternionFromEuler([0.0, 0.0, row.yaw_rad])
    return [
        _static_box(client, half, centre, quaternion, rgba)
        for (half, centre), rgba in zip(boxes, colours, strict=True)
    ]


def shift(client: Any, bodies: list[int], step: BasePose) -> None:
    """Move bodies as they are seen from a base that moves by ``step``; they come to rest with it.

    Turned about the vertical alone, what lies still goes on lying still.
    """
    turn = client.getQuaternionFromEuler([0.0, 0.0, -step.yaw_rad])
    for body in bodies:
        (x_m, y_m, z_m), quaternion = client.getBasePositionAndOrientation(body)
        ((x_m, y_m),) = step.seen_from_base([(x_m, y_m)]).tolist()
        place, turned = client.multiplyTransforms((x_m, y_m, z_m), turn, (0, 0, 0), quaternion)
        client.resetBasePositionAndOrientation(body, place, turned)


def _static_box(
    client: Any,
    half: tuple[float, ...],
    centre: tuple[float, ...],
    quaternion: tuple[float, ...],
    rgba: tuple[float, ...],
) -> int:
    collision = client.createCollisionShape(client.GEOM_BOX, halfExtents=half)
    visual = client.createVisualShape(client.GEOM_BOX, halfExtents=half, rgbaColor=rgba)
    body = client.createMultiBody(0, collision, visual, centre, quaternion)
    client.changeDynamics(body, -1, lateralFriction=0.8)
    return int(body)


def spawn(client: Any, shape: ObjectShape, position: FloatArray, quaternion: FloatArray) -> int:
    """Create one object at a pose and return its body number."""
    if shape.prisms:
        body = _spawn_prisms(client, shape, position, quaternion)
    else:
        name = f"{shape.urdf_index:03d}" if shape.urdf_index is not None else ""
        path = f"random_urdfs/{name}/{name}.urdf" if name else str(stored(shape.household))
        body = client.loadURDF(path, position.tolist(), quaternion.tolist())
        client.changeVisualShape(
            body, -1, rgbaColor=(*shape.colour_rgb, 1.0), specularColor=(0, 0, 0)
        )
    client.changeDynamics(
        body,
        -1,
        mass=shape.mass_kg,
        lateralFriction=shape.friction,
        rollingFriction=0.0,
        spinningFriction=0.0,
    )
    return int(body)


def _spawn_prisms(
    client: Any, shape: ObjectShape, position: FloatArray, quaternion: FloatArray
) -> int:
    arrays = {
        "shapeTypes": [client.GEOM_BOX] * len(shape.prisms),
        "halfExtents": [prism.half_extents_m.tolist() for prism in shape.prisms],
    }
    centres = [prism.centre_m.tolist() for prism in shape.prisms]
    turns = [client.getQuaternionFromEuler([0, 0, prism.yaw_rad]) for prism in shape.prisms]
    collision = client.createCollisionShapeArray(
        **arrays, collisionFramePositions=centres, collisionFrameOrientations=turns
    )
    colours = [[*shape.colour_rgb, 1.0]] * len(shape.prisms)
    visual = client.createVisualShapeArray(
        **arrays, rgbaColors=colours, visualFramePositions=centres, visualFrameOrientations=turns
    )
    return int(
        client.createMultiBody(shape.mass_kg, collision, visual, position.tolist(), quaternion)
    )


def drop_objects(
    client: Any, row: BinRow, rng: np.random.Generator, shapes: list[ObjectShape]
) -> list[int]:
    """Drop the objects at scattered places of the bins and let them settle.

    Raises `WorldError` when they never come to rest.
    """
    places, floor_z_m = scatter(rng, row, len(shapes)), row.cell.bin.floor_z_m
    bodies: list[int] = []
    for shape, place in zip(shapes, places, strict=True):
        quaternion = rng.normal(size=4)
        quaternion /= np.linalg.norm(quaternion)
        body = spawn(client, shape, place, quaternion)
        _raise_above(client, body, floor_z_m + DROP_GAP_M)
        _raise_clear(client, body, bodies)
        bodies.append(body)
    settle(client, bodies)
    return bodies


def _raise_above(client: Any, body: int, height_m: float) -> None:
    """Shift a body along z until its lowest point hangs at ``height_m``: nothing starts inside."""
    position, quaternion = client.getBasePositionAndOrientation(body)
    lowest_m = client.getAABB(body)[0][2]
    lifted = (position[0], position[1], position[2] + height_m - lowest_m)
    client.resetBasePositionAndOrientation(body, lifted, quaternion)


def _raise_clear(client: Any, body: int, others: list[int]) -> None:
    """Lift a body until it cuts into no other: interlocked objects never come to rest."""
    for _ in range(RAISE_TRIES):
        if not any(client.getClosestPoints(body, other, 0.0) for other in others):
            return
        position, quaternion = client.getBasePositionAndOrientation(body)
        lifted = (position[0], position[1], position[2] + DROP_GAP_M)
        client.resetBasePositionAndOrientation(body, lifted, quaternion)


def scatter(rng: np.random.Generator, row: BinRow, count: int) -> FloatArray:
    """Return ``count`` positions (count, 3) over the bins, apart where a few tries find room."""
    height_m = row.cell.bin.floor_z_m + DROP_HEIGHT_M
    places: list[FloatArray] = []
    for _ in range(count):
        tries = row.draw_places(rng, TRIES)
        gaps = [min([float(np.linalg.norm(t - p[:2])) for p in places], default=1.0) for t in tries]
        enough = [i for i, gap in enumerate(gaps) if gap > ROOM_M]
        chosen = tries[enough[0] if enough else int(np.argmax(gaps))]
        places.append(np.array([*chosen, height_m]))
    return np.array(places)


def settle(client: Any, bodies: list[int]) -> None:
    """Step physics until all bodies rest; raises `WorldError` after `SETTLE_LIMIT_S`.

    Without rolling friction, which would double the cost of a step, a round object rolls on; so
    motion is damped while settling, and only then.
    """
    _damp(client, bodies, SETTLE_DAMPING)
    for step in range(int(SETTLE_LIMIT_S / TIME_STEP_S)):
        client.stepSimulation()
        if step > 60 and step % 20 == 0:
            speeds = [np.linalg.norm(client.getBaseVelocity(body)[0]) for body in bodies]
            if max(speeds, default=0.0) < SETTLED_SPEED_M_S:
                _damp(client, bodies, FREE_DAMPING)
                return
    raise WorldError(
        f"objects still move after {SETTLE_LIMIT_S:g} s, expected rest: use another seed"
    )


def _damp(client: Any, bodies: list[int], damping: float) -> None:
    for body in bodies:
        client.changeDynamics(body, -1, linearDamping=damping, angularDamping=damping)
