# SPDX-License-Identifier: Apache-2.0
"""What stands in the physics client: table, bin, and the objects dropped into it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pybullet_data

from rlcg_core.cell import Cell
from rlcg_core.errors import WorldError
from rlcg_sim.objects import ObjectShape

FloatArray = npt.NDArray[np.float64]

TIME_STEP_S = 1.0 / 240.0
SOLVER_ITERATIONS = 50
OBJECT_FRICTION = 1.0
SPAWN_MARGIN_M = 0.075
DROP_GAP_M = 0.02
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


def build_bin(client: Any, cell: Cell) -> list[int]:
    """Create table, bin floor and four walls; return their body numbers."""
    (cx, cy), (sx, sy) = cell.bin.centre_xy_m, cell.bin.inner_size_xy_m
    z, wall, half = cell.bin.floor_z_m, cell.bin.wall_height_m, 0.006
    boxes = [((1.2, 1.2, 0.02), (0.4, 0.0, z - 0.04), TABLE_RGBA)]
    boxes.append(((sx / 2 + 2 * half, sy / 2 + 2 * half, 0.01), (cx, cy, z - 0.01), BIN_FLOOR_RGBA))
    for sign in (-1, 1):
        at_x = (cx + sign * (sx / 2 + half), cy, z + wall / 2)
        at_y = (cx, cy + sign * (sy / 2 + half), z + wall / 2)
        boxes.append(((half, sy / 2 + 2 * half, wall / 2), at_x, BIN_WALL_RGBA))
        boxes.append(((sx / 2 + 2 * half, half, wall / 2), at_y, BIN_WALL_RGBA))
    return [_static_box(client, *box) for box in boxes]


def _static_box(
    client: Any, half: tuple[float, ...], centre: tuple[float, ...], rgba: tuple[float, ...]
) -> int:
    collision = client.createCollisionShape(client.GEOM_BOX, halfExtents=half)
    visual = client.createVisualShape(client.GEOM_BOX, halfExtents=half, rgbaColor=rgba)
    body = client.createMultiBody(0, collision, visual, centre)
    client.changeDynamics(body, -1, lateralFriction=0.8)
    return int(body)


def spawn(client: Any, shape: ObjectShape, position: FloatArray, quaternion: FloatArray) -> int:
    """Create one object at a pose and return its body number."""
    if shape.urdf_index is None:
        body = _spawn_prisms(client, shape, position, quaternion)
    else:
        name = f"{shape.urdf_index:03d}"
        path = f"random_urdfs/{name}/{name}.urdf"
        body = client.loadURDF(path, position.tolist(), quaternion.tolist())
        client.changeVisualShape(
            body, -1, rgbaColor=(*shape.colour_rgb, 1.0), specularColor=(0, 0, 0)
        )
    client.changeDynamics(
        body,
        -1,
        mass=shape.mass_kg,
        lateralFriction=OBJECT_FRICTION,
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
    client: Any, cell: Cell, rng: np.random.Generator, shapes: list[ObjectShape]
) -> list[int]:
    """Drop the objects at scattered places of the bin and let them settle.

    Raises `WorldError` when they never come to rest.
    """
    places = scatter(rng, cell, len(shapes))
    bodies: list[int] = []
    for shape, place in zip(shapes, places, strict=True):
        quaternion = rng.normal(size=4)
        quaternion /= np.linalg.norm(quaternion)
        body = spawn(client, shape, place, quaternion)
        _raise_above(client, body, cell.bin.floor_z_m + DROP_GAP_M)
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


def scatter(rng: np.random.Generator, cell: Cell, count: int) -> FloatArray:
    """Return ``count`` positions (count, 3) over the bin, apart where a few tries find room."""
    half = 0.5 * np.array(cell.bin.inner_size_xy_m) - SPAWN_MARGIN_M
    centre = np.array(cell.bin.centre_xy_m)
    places: list[FloatArray] = []
    for _ in range(count):
        tries = centre + rng.uniform(-1, 1, size=(12, 2)) * half
        gaps = [min([float(np.linalg.norm(t - p[:2])) for p in places], default=1.0) for t in tries]
        enough = [i for i, gap in enumerate(gaps) if gap > 0.11]
        chosen = tries[enough[0] if enough else int(np.argmax(gaps))]
        places.append(np.array([*chosen, cell.bin.floor_z_m + 0.08]))
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
