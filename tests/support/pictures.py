# SPDX-License-Identifier: Apache-2.0
"""Pictures of known colours in all the forms that a camera source reads."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np

# Stripes from left to right, (red, green, blue); no two channels of one are alike.
STRIPES = ((200, 40, 10), (30, 190, 80), (20, 60, 220))


def striped(width: int = 640, height: int = 512) -> np.ndarray:
    """Return a picture of three upright stripes, uint8 RGB."""
    image = np.zeros((height, width, 3), np.uint8)
    for i, colour in enumerate(STRIPES):
        image[:, i * width // 3 : (i + 1) * width // 3] = colour
    return image


def stripe_colours(image_hwc: np.ndarray) -> np.ndarray:
    """Return the colour (3 stripes, 3 channels) in the middle of each stripe."""
    height, width = image_hwc.shape[:2]
    columns = [(2 * i + 1) * width // 6 for i in range(3)]
    middle = image_hwc[height // 2 - 4 : height // 2 + 4]
    return np.array([middle[:, c - 4 : c + 4].mean(axis=(0, 1)) for c in columns])


def numbered(number: int, width: int = 64, height: int = 48) -> np.ndarray:
    """Return a grey picture that tells its number by its brightness."""
    return np.full((height, width, 3), 10 + 20 * number, np.uint8)


def number_of(image_hwc: np.ndarray) -> int:
    """Return the number of a `numbered` picture; JPEG may have changed it a little."""
    return round((float(image_hwc.mean()) - 10.0) / 20.0)


def write_folder(folder: Path, images: list[np.ndarray], suffix: str = ".png") -> Path:
    """Write pictures as 000.png, 001.png and so on."""
    folder.mkdir(exist_ok=True)
    for i, image in enumerate(images):
        assert cv2.imwrite(str(folder / f"{i:03}{suffix}"), image[..., ::-1])
    return folder


def write_video(path: Path, images: list[np.ndarray]) -> Path:
    """Write pictures as a Motion-JPEG file (.avi)."""
    height, width = images[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30.0, (width, height))
    assert writer.isOpened()
    for image in images:
        writer.write(np.ascontiguousarray(image[..., ::-1]))
    writer.release()
    return path


@contextmanager
def network_camera(image_hwc: np.ndarray, port: int = 0, rate_hz: float = 30.0) -> Iterator[str]:
    """Serve a picture as an endless Motion-JPEG stream; yield its URL. It dies at the end."""
    ending = threading.Event()
    jpeg = cv2.imencode(".jpg", image_hwc[..., ::-1])[1].tobytes()
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            try:
                while not ending.wait(1.0 / rate_hz):
                    self.wfile.write(head + jpeg + b"\r\n")
            except OSError:
                return  # the reader has gone

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/stream.mjpg"
    finally:
        ending.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def silent_camera() -> Iterator[str]:
    """Take connections and never answer, as a camera that hangs; yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/stream.mjpg"
