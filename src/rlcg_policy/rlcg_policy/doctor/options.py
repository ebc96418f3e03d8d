# SPDX-License-Identifier: Apache-2.0
"""What `rlcg doctor` is told on its command line."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rlcg_core.errors import ConfigError
from rlcg_policy.doctor.wiring import NODES
from rlcg_policy.profile import TOPICS

LISTEN_S, QUICK_LISTEN_S = 3.0, 1.2
PATIENCE_S, QUICK_PATIENCE_S = 5.0, 1.2
EPILOG = """\
Each line: ok, absent (does not run), warning or error; what was found; what was expected; what to
do. Exit code 0: no error. 1: an error, or a warning with --strict. 2: wrong command line.
It publishes nothing and calls nothing that moves or changes anything."""


@dataclass(frozen=True)
class Options:
    """What to look at.

    ``profile``, ``model``: empty for what the running nodes use, else the defaults of the launch
    files. ``topics``: our names mapped to those to listen to. ``bags`` None: record_node's folder.
    ``expected_nodes``: absent ones are errors. ``quick``: leave out what takes long and does not
    change by itself.
    """

    profile: str = ""
    model: str = ""
    topics: tuple[tuple[str, str], ...] = ()
    namespace: str = ""
    bags: Path | None = None
    expected_nodes: tuple[str, ...] = ()
    quick: bool = False
    listen_s: float = LISTEN_S
    strict: bool = False
    json: bool = False

    @property
    def patience_s(self) -> float:
        """How long nodes may take to be found, and to answer [s]: under load, not dead."""
        return QUICK_PATIENCE_S if self.quick else PATIENCE_S


def parse(words: Sequence[str]) -> Options:
    """Return the options; raises `ConfigError`, or SystemExit as argparse does."""
    given = _parser().parse_args(list(words))
    listen_s = given.listen
    if listen_s is None:
        listen_s = QUICK_LISTEN_S if given.quick else LISTEN_S
    if not 0.2 <= listen_s <= 600.0:
        raise ConfigError(f"--listen is {listen_s:g}, expected 0.2 to 600 seconds")
    expected = given.expect_running
    return Options(
        profile=given.profile,
        model=given.model,
        topics=tuple(_remap(word) for word in given.topics),
        namespace=given.namespace,
        bags=given.bags,
        expected_nodes=() if expected is None else tuple(expected or NODES),
        quick=given.quick,
        listen_s=listen_s,
        strict=given.strict,
        json=given.json,
    )


def _remap(word: str) -> tuple[str, str]:
    name, found, topic = word.partition(":=")
    if not found or not topic or name not in TOPICS:
        raise ConfigError(
            f"--topics has '{word}', expected name:=/its/topic with a name of {', '.join(TOPICS)}"
        )
    return name, topic


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rlcg doctor",
        description="Look at this machine and the running nodes, and say what is not as it "
        "should be.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_subject(parser.add_argument)
    _add_manner(parser.add_argument)
    return parser


def _add_subject(add: Callable[..., object]) -> None:
    """Add what is looked at."""
    add("--profile", default="", help="robot profile: a name or a path (default: arm_node's, sim)")
    add("--model", default="", help="model: a name or a bundle's folder (default: policy_node's)")
    add(
        "--topics",
        nargs="+",
        default=[],
        metavar="NAME:=TOPIC",
        help="where to listen, as image_raw:=/camera/image_raw (default: where the nodes do, "
        "else the profile's)",
    )
    add("--namespace", default="", help="namespace of the nodes")
    add("--bags", type=Path, help="folder of the recordings (default: record_node's, bags)")


def _add_manner(add: Callable[..., object]) -> None:
    """Add how it is looked at, and how that is told."""
    add(
        "--expect-running",
        nargs="*",
        metavar="NODE",
        help="what does not run is an error: these nodes (none named: policy_node arm_node) and "
        "what they need",
    )
    add("--quick", action="store_true", help="within 5 s, as a health check of a container")
    add("--listen", type=float, metavar="SECONDS", help="to the topics (default: 3, quick 1.2)")
    add("--strict", action="store_true", help="a warning gives exit code 1 too")
    add("--json", action="store_true", help="print plain data")
