# SPDX-License-Identifier: Apache-2.0
"""Running a node as a process: start, spin, stop in order, and exit codes that mean something.

0: ended on request. 1: something failed that a user can mend. 2: wrong parameters or arguments.
A defect in the program itself shows its traceback.
"""

import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

import rclpy
from rclpy.exceptions import InvalidHandle
from rclpy.executors import Executor, MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from rlcg_core.errors import ConfigError, RlcgError
from rlcg_ros.name_lock import hold_name, taken

# On this machine a lock keeps names apart. Nodes of other machines are found within 0.1 to 0.8 s:
# wait a little before the node acts, go on looking while it runs. A node older than the watch does
# not look any more, so that the newcomer is the one to go; a newcomer that the lock sends away is
# gone before it has been seen for long.
DISCOVERY_S = 0.5
WATCH_S = 3.0
SEEN_FOR_S = 1.0
_SPIN_S = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _StopRequest:
    """Remembers that SIGINT or SIGTERM came, however often: a second one changes nothing."""

    def __init__(self) -> None:
        self.asked = False
        for number in _SIGNALS:
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def run(make_node: Callable[[], Node], threads: int = 1) -> int:
    """Make the node, spin it until a signal comes, let it send its last message; return exit code.

    The node may have ``begin()``, called once its name is known to be free, and ``before_exit()``,
    called while the ROS context is still alive. A node that is done by itself sets ``exit_code``.
    """
    # rclpy's own handlers would end the context first, and the stop could not be sent any more.
    request = _StopRequest()
    try:
        rclpy.init(args=_in_enclave(sys.argv), signal_handler_options=SignalHandlerOptions.NO)
    except Exception as error:  # rclpy has a different exception for each bad argument
        return complain(ConfigError(f"ROS cannot start: {_one_line(error)}"))
    try:
        return _run_node(make_node, threads, request)
    except RlcgError as error:
        return complain(error)
    finally:
        rclpy.try_shutdown()
        # Python resets its handlers when it ends; a late signal would turn success into a death.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _in_enclave(argv: Sequence[str]) -> list[str]:
    """Return the arguments with the program's own SROS 2 enclave, unless they name another.

    Each program has keys of its own then, however it is started: see config/sros2/policy.xml.
    """
    program, *words = argv
    name = Path(program).stem
    if not name.isidentifier():  # an interpreter without a program; ROS refuses such a name
        return list(argv)
    return [program, "--ros-args", "--enclave", f"/rlcg/{name}", "--", *words]


def _run_node(make_node: Callable[[], Node], threads: int, request: _StopRequest) -> int:
    node = _made(make_node)
    executor: Executor = (
        SingleThreadedExecutor() if threads == 1 else MultiThreadedExecutor(threads)
    )
    try:
        hold_name(node)
        born_s = time.monotonic()
        while not request.asked and time.monotonic() - born_s < DISCOVERY_S:
            if _has_twin(node):
                raise taken(node)
            time.sleep(_SPIN_S)
        executor.add_node(node)
        if not request.asked:
            getattr(node, "begin", lambda: None)()
        _spin(node, executor, request, watch_until_s=born_s + WATCH_S)
        return _exit_code(node) or 0
    finally:
        _end(node, executor)


def _made(make_node: Callable[[], Node]) -> Node:
    try:
        return make_node()
    except RuntimeError as error:  # rclpy's own kind, which is not public
        if "error creating node" not in str(error):
            raise
        raise ConfigError(f"ROS cannot make the node: {_one_line(error)}") from error


def _exit_code(node: Node) -> int | None:
    return getattr(node, "exit_code", None)


def _end(node: Node, executor: Executor) -> None:
    try:
        getattr(node, "before_exit", lambda: None)()
    finally:
        executor.shutdown(timeout_sec=1.0)
        with suppress(InvalidHandle):  # a callback was cut short; the process ends now anyway
            node.destroy_node()


def _spin(node: Node, executor: Executor, request: _StopRequest, watch_until_s: float) -> None:
    alone_s = time.monotonic()
    while not request.asked and rclpy.ok() and _exit_code(node) is None:
        executor.spin_once(timeout_sec=_SPIN_S)
        now_s = time.monotonic()
        if now_s >= watch_until_s or not _has_twin(node):
            alone_s = now_s
        elif now_s - alone_s > SEEN_FOR_S:
            raise taken(node)


def _has_twin(node: Node) -> bool:
    """Return whether the graph has another node of this name and namespace."""
    own = (node.get_name(), node.get_namespace())
    return bool(node.get_node_names_and_namespaces().count(own) > 1)


def complain(error: RlcgError) -> int:
    """Print one line about the error and return the exit code for it."""
    print(f"error: {_one_line(error)}", file=sys.stderr, flush=True)
    return 2 if isinstance(error, ConfigError) else 1


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
