# SPDX-License-Identifier: Apache-2.0
"""Pictures of the printed board by a simulated camera whose lens and pose are known."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from rlcg_core.calibration import Calibration, pinhole
from rlcg_policy.calibrate.board import Board

# Rays per pixel and side: edges are averaged as a sensor does.
RAYS = 2
TEXTURE_PX_PER_M = 8000.0
PAPER_MARGIN_M = 0.01


def lens(rng: np.random.Generator) -> Calibration:
    """Return a camera as they come: unequal focal lengths, off centre, with distortion."""
    focal = rng.uniform(620.0, 820.0)
    matrix = np.array(
        [
            [focal, 0.0, 320.0 + rng.uniform(-15.0, 15.0)],
            [0.0, focal * rng.uniform(0.995, 1.005), 256.0 + rng.uniform(-15.0, 15.0)],
            [0.0, 0.0, 1.0],
        ]
    )
    bent = rng.uniform([-0.25, 0.02, -1e-3, -1e-3, 0.0], [-0.05, 0.10, 1e-3, 1e-3, 0.0])
    return pinhole(640, 512, matrix, bent)


def _rays(camera: Calibration, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the direction (n, 3), z = 1, of each place in the picture; rows come one by one.

    Solves the plumb_bob model (Brown 1966) for the undistorted place, by iteration.
    """
    k, (k1, k2, p1, p2, k3) = camera.intrinsics_px, camera.distortion
    bent_x, bent_y = np.meshgrid((columns - k[0, 2]) / k[0, 0], (rows - k[1, 2]) / k[1, 1])
    x, y = bent_x, bent_y
    for _ in range(12):
        r2 = x * x + y * y
        radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
        shift_x = 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x)
        shift_y = p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y
        x, y = (bent_x - shift_x) / radial, (bent_y - shift_y) / radial
    return np.stack([x.ravel(), y.ravel(), np.ones(x.size)], axis=1).astype(np.float32)


@dataclass
class BoardCamera:
    """Draws the board as the camera sees it: lens, light, blur, noise.

    The value of each ray is looked up on the paper: nothing is shared with what is under test but
    the drawing of the markers.
    """

    board: Board
    camera: Calibration
    rng: np.random.Generator
    noise: float = 4.0
    blur_px: float = 0.6

    @cached_property
    def _rays(self) -> np.ndarray:
        width, height = self.camera.width_px, self.camera.height_px
        offsets = (np.arange(RAYS) + 0.5) / RAYS - 0.5
        columns = (np.arange(width)[:, None] + offsets).ravel()
        rows = (np.arange(height)[:, None] + offsets).ravel()
        return _rays(self.camera, columns, rows)

    @cached_property
    def _texture(self) -> np.ndarray:
        size = self.board.size
        shape = [round(n * size.square_m * TEXTURE_PX_PER_M) for n in (size.columns, size.rows)]
        margin = round(PAPER_MARGIN_M * TEXTURE_PX_PER_M)
        drawn = self.board.charuco.generateImage(tuple(shape), marginSize=0)
        around = (margin,) * 4
        return np.asarray(cv2.copyMakeBorder(drawn, *around, cv2.BORDER_CONSTANT, value=(255,)))

    def picture(self, transform_board_to_camera: np.ndarray) -> np.ndarray:
        """Return a uint8 RGB picture; what is not the board is a grey, uneven background."""
        t = transform_board_to_camera
        # A ray s * d meets the board where [r1 r2 t] (x, y, 1)' = s * d.
        homography = np.linalg.inv(np.column_stack([t[:3, 0], t[:3, 1], t[:3, 3]]))
        hits = self._rays @ homography.T.astype(np.float32)
        metres = hits[:, :2] / hits[:, 2:3]
        places = (metres + PAPER_MARGIN_M) * TEXTURE_PX_PER_M - 0.5
        width, height = self.camera.width_px, self.camera.height_px
        places = places.reshape(height * RAYS, width * RAYS, 2).astype(np.float32)
        drawn = cv2.remap(
            self._texture, places, None, cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT, 90
        )
        grey = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA).astype(float)
        slope = np.linspace(0.75, 1.0, width)[None, :] * np.linspace(0.9, 1.0, height)[:, None]
        grey = cv2.GaussianBlur(20.0 + 0.85 * grey * slope, (0, 0), self.blur_px)
        noisy = grey + self.rng.normal(0.0, self.noise, grey.shape)
        return np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[..., None], 3, axis=2)

    def sees(self, transform_board_to_camera: np.ndarray, border_px: float = 8.0) -> bool:
        """Return whether the whole board is in the picture, before the lens, and not too steep."""
        t, size = transform_board_to_camera, self.board.size
        far = np.array([size.columns * size.square_m, size.rows * size.square_m])
        corners = np.array([[x, y, 0.0] for x in (0.0, far[0]) for y in (0.0, far[1])])
        depth = (corners @ t[:3, :3].T + t[:3, 3])[:, 2]
        if np.any(depth < 0.1) or abs(t[2, 2]) < np.cos(np.deg2rad(55.0)):
            return False
        turn = cv2.Rodrigues(t[:3, :3])[0]
        K, bent = self.camera.intrinsics_px, self.camera.distortion
        pixels = cv2.projectPoints(corners, turn, t[:3, 3], K, bent)[0].reshape(-1, 2)
        limit = np.array([self.camera.width_px, self.camera.height_px]) - border_px
        return bool(np.all(pixels > border_px) and np.all(pixels < limit))

    def random_pose(self) -> np.ndarray:
        """Return a pose (4, 4) of the board as a hand holds it: it fills half the picture or more.

        Held farther off, noise makes the focal length vary by some tenths of a percent.
        """
        size = self.board.size
        middle = 0.5 * np.array([size.columns * size.square_m, size.rows * size.square_m, 0.0])
        while True:
            turn = self.rng.normal(0.0, 1.0, 3) * np.deg2rad([22.0, 22.0, 40.0])
            pose = np.eye(4)
            pose[:3, :3] = cv2.Rodrigues(turn)[0]
            low, high = np.array([-0.2, -0.15, 0.25]), np.array([0.2, 0.15, 0.5])
            pose[:3, 3] = self.rng.uniform(low, high) - pose[:3, :3] @ middle
            if self.sees(pose):
                return pose
