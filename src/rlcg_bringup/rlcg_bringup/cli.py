# SPDX-License-Identifier: Apache-2.0
"""The command `rlcg`: `rlcg launch [package] file [name:=value ...]`, and what packages add."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from rlcg_bringup import commands
from rlcg_bringup.minilaunch import arguments, finder, loader
from rlcg_bringup.minilaunch.errors import LaunchError
from rlcg_bringup.minilaunch.substitutions import find_prefix

EPILOG = """\
Where the ROS 2 package launch is installed, this hands over to `ros2 launch`; else a small stand-in
runs the same file. Exit code of the stand-in: 0 when all ended well, 1 when the launch is faulty or
a process ended with an error before the launch was ended, 2 for a wrong command line, 128 + number
when a signal ended the launch. `ros2 launch` gives 0 even when a node died."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    # A launch does not wait for the search for commands.
    names = [] if given[:1] == ["launch"] else commands.installed()
    try:
        if given and given[0] in names:
            return commands.load(given[0])(given[1:])
        options = parser(names).parse_args(given)
        setup_logging(options.debug)
        words = [options.package_or_file, *options.words]
        if finder.real_launch_installed():
            hand_over(words, options)
        finder.install()
        return launch(words, options)
    except LaunchError as error:
        print(f"rlcg: {error}", file=sys.stderr)
        return 2


def parser(names: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of the command line; ``names`` of the commands that packages add."""
    top = argparse.ArgumentParser(prog="rlcg", description="rlcg: learned closed-loop grasping.")
    subparsers = top.add_subparsers(dest="command", required=True)
    for name in names:
        subparsers.add_parser(name, help=commands.summary(name), add_help=False)
    launch_parser = subparsers.add_parser(
        "launch",
        help="run a launch file",
        description="Run a launch file.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    launch_parser.add_argument("-s", "--show-args", action="store_true", help="list its arguments")
    launch_parser.add_argument("-d", "--debug", action="store_true", help="print tracebacks")
    launch_parser.add_argument(
        "package_or_file", help="name of a package, then of a launch file in it; or a path"
    )
    launch_parser.add_argument("words", nargs="*", metavar="name:=value", help="launch arguments")
    return top


def launch(words: Sequence[str], options: argparse.Namespace) -> int:
    """Run a launch file by the stand-in."""
    # Imported here: what real launch needs not, its user shall not load.
    from rlcg_bringup.minilaunch.actions import IncludeLaunchDescription
    from rlcg_bringup.minilaunch.entities import LaunchDescription
    from rlcg_bringup.minilaunch.service import LaunchService

    path, rest = find_launch_file(words)
    values = arguments.parse(rest)
    try:
        description = loader.load(path)
    except (ImportError, AttributeError, TypeError, SyntaxError) as error:
        if options.debug:
            raise
        raise LaunchError(f"cannot load {path}: {type(error).__name__}: {error}") from error
    if options.show_args:
        print(arguments.show(description))
        return 0
    arguments.check(values, description)
    include = IncludeLaunchDescription(path, launch_arguments=list(values.items()))
    return LaunchService().run(LaunchDescription([include]))


def find_launch_file(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the path of the launch file and the words after it.

    Raises:
        LaunchError: There is no such package or file.
    """
    if os.path.isfile(words[0]):
        return words[0], words[1:]
    if len(words) < 2 or ":=" in words[1]:
        raise LaunchError(
            f"found no launch file '{words[0]}', expected a path, or a package and a file name "
            "(rlcg launch rlcg_policy grasp.launch.py)"
        )
    share = Path(find_prefix(words[0])) / "share" / words[0]
    files = sorted(path for path in share.rglob(words[1]) if path.is_file())
    if len(files) != 1:
        there = ", ".join(sorted(path.name for path in share.rglob("*.launch.py"))) or "none"
        raise LaunchError(
            f"found {len(files)} files '{words[1]}' in {share}, expected one; "
            f"launch files there: {there}"
        )
    return str(files[0]), words[2:]


def hand_over(words: Sequence[str], options: argparse.Namespace) -> NoReturn:
    """Become `ros2 launch` with the same arguments.

    Raises:
        LaunchError: launch is installed, but the command ros2 is not.
    """
    ros2 = shutil.which("ros2")
    if ros2 is None:
        raise LaunchError(
            "found the package launch but no command ros2; install ros2cli and ros2launch, "
            "or source the installed ROS 2"
        )
    flags = ["--show-args"] * options.show_args + ["--debug"] * options.debug
    # Ignored at the start (a command with & in a script), SIGINT would never end the real launch.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(ros2, ["ros2", "launch", *flags, *words])


def setup_logging(debug: bool) -> None:
    """Send the launcher's own lines to standard output in the form of `ros2 launch`."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        logging.Formatter(
            "[%(levelname)s] [%(process_label)s]: %(message)s", defaults={"process_label": "launch"}
        )
    )
    logger = logging.getLogger("launch")
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    logger.propagate = False


if __name__ == "__main__":
    sys.exit(main())
