# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a command line, found without carrying it out.

Each check returns the problems; programs of our own parse their words themselves.
"""

import argparse
import ast
import contextlib
import dataclasses
import importlib
import io
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import yaml

from rlcg_bringup import commands
from rlcg_bringup.minilaunch.errors import LaunchError
from rlcg_bringup.minilaunch.substitutions import find_prefix
from rlcg_policy.profile import TOPICS
from rlcg_record.record_parameters import TOPICS as RECORDED

ROOT = Path(__file__).resolve().parents[2]
Check = Callable[[Sequence[str]], list[str]]

# Packages of others, which are not here.
FOREIGN = ("lbr_bringup",)
# Verbs that name nothing of ours, or what only exists while it runs.
FREE = ("bag", "daemon", "doctor", "lifecycle", "node", "pkg", "security", "topic")
BENCH_WORDS = re.compile(r"-k|-m|-x|-q|-s|--timeout(=.*)?")
NAMES = {name.lstrip("/") for name in (*TOPICS, *RECORDED, "clock", "__ns", "__node")}


class ParsedError(Exception):
    """Raised instead of carrying out what was parsed."""


def problems(words: Sequence[str]) -> list[str]:
    """Return what is wrong with a command line, as `documented_commands` gives it."""
    checks: dict[str, Check] = {
        "ros2": _ros2,
        "rlcg": _rlcg,
        "make": _make,
        "pytest": _pytest,
        "rlcg-train": lambda rest: parsed(_program("rlcg-train"), _asked(rest)),
        "rlcg-bench": lambda rest: parsed(_program("rlcg-bench"), rest),
        "python": _python,
        "python3": _python,
    }
    return [f"{shlex.join(words)}: {text}" for text in checks[words[0]](words[1:])]


def _ros2(words: Sequence[str]) -> list[str]:
    verb, rest = words[0], list(words[1:])
    checks: dict[str, Check] = {"launch": _launch, "run": _run, "param": _param}
    if verb in FREE or not rest:
        return [] if verb in (*FREE, *checks) else [f"unknown verb {verb}"]
    if (verb, rest[0]) in (("action", "send_goal"), ("service", "call")):
        return _request(verb, rest[2:])
    return checks[verb](rest) if verb in checks else [f"unknown verb {verb}"]


def _launch(words: Sequence[str]) -> list[str]:
    """Return what the launch file does not declare."""
    if not words or words[0] in FOREIGN:
        return []
    package, file, *given = [*words, ""][: max(2, len(words))]
    try:
        known = launch_arguments(package, file)
    except LaunchError as error:
        return [str(error)]
    found = []
    for word in given:
        name, separator, value = word.partition(":=")
        if word in ("--show-args", "-s", "..."):
            continue
        if not separator or name not in known:
            found.append(f"{file} has no argument {name}")
        elif known[name] and value not in known[name]:
            found.append(f"{name} is none of {', '.join(known[name])}")
    return found


@cache
def launch_arguments(package: str, file: str) -> dict[str, tuple[str, ...]]:
    """Return the choices by argument, empty where all goes, as the launcher itself tells them.

    Raises `LaunchError`.
    """
    command = ["rlcg", "launch", "--show-args", package, file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60.0, check=False)
    if done.returncode:
        raise LaunchError(done.stderr.strip() or done.stdout.strip())
    found: dict[str, tuple[str, ...]] = {}
    for block in done.stdout.split("\n\n"):
        name = re.match(r"\s*'([^']+)':", block)
        choices = re.search(r"Valid choices are: (\[.*?\])", block)
        if name:
            found[name[1]] = tuple(ast.literal_eval(choices[1])) if choices else ()
    return found


def _run(words: Sequence[str]) -> list[str]:
    if len(words) < 2:
        return [f"expected package and executable, found {list(words)}"]
    package, executable, *given = words
    try:
        path = Path(find_prefix(package)) / "lib" / package / executable
    except LaunchError as error:
        return [str(error)]
    if not path.is_file():
        return [f"{package} has no executable {executable}"]
    return _ros_arguments(package, executable, given)


def _ros_arguments(package: str, executable: str, words: Sequence[str]) -> list[str]:
    known, found = node_parameters(package, executable), []
    pairs = list(pairwise([*words, ""]))
    files = [word for flag, word in pairs if flag == "--params-file"]
    fixed = [name for file in files for name in _fixed_by(Path(file).name)]
    for flag, word in pairs:
        node, _, name = word.partition(":=")[0].rpartition(":")
        if flag == "-p" and (name not in known or node not in ("", executable)):
            found.append(f"{executable} has no parameter {name}")
        elif flag == "-p" and not node and name in fixed:
            found.append(f"the file wins over {name}: write {executable}:{name}")
        elif flag == "-r" and name.removeprefix("~/").lstrip("/") not in NAMES:
            found.append(f"{name} is no topic of ours")
    return found


def _fixed_by(file: str) -> list[str]:
    """Return the parameters that a file of ours sets for a node by name.

    Those win over what the command line sets for all nodes.
    """
    path = ROOT / "config" / file
    sections = yaml.safe_load(path.read_text()) if path.exists() else {}
    named = [one["ros__parameters"] for key, one in sections.items() if key != "/**"]
    return [name for section in named for name in section]


@cache
def node_parameters(package: str, executable: str) -> frozenset[str]:
    """Return the names of a node's parameters, from the dataclass that it declares."""
    module = importlib.import_module(f"{package}.{executable}")
    assert module.__file__ is not None
    declared = re.findall(r"declare\(self, (\w+)", Path(module.__file__).read_text())
    fields = [field for name in declared for field in dataclasses.fields(getattr(module, name))]
    return frozenset({"use_sim_time", *(field.name for field in fields)})


@cache
def all_parameters() -> frozenset[str]:
    """Return the names of the parameters of all nodes that are run by name."""
    found = [
        node_parameters(path.parent.name, path.stem)
        for path in sorted((ROOT / "src").glob("*/rlcg_*/*_node.py"))
    ]
    return frozenset().union(*found)


def _param(words: Sequence[str]) -> list[str]:
    if words[0] not in ("set", "get") or len(words) < 3:
        return []
    node, name = words[1].rsplit("/", 1)[-1], words[2]
    package = next((p.parent.name for p in (ROOT / "src").glob(f"*/rlcg_*/{node}.py")), None)
    if package is None:
        return [f"there is no node {node}"]
    return [] if name in node_parameters(package, node) else [f"{node} has no parameter {name}"]


def _request(verb: str, words: Sequence[str]) -> list[str]:
    """Return what is wrong with the type of a service or an action, or with its request."""
    kind, *rest = words
    package, _, name = kind.split("/")
    module = f"{package}.{'action' if verb == 'action' else 'srv'}"
    try:
        found: Any = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        return [f"there is no {kind}: {error}"]
    fields = (found.Goal if verb == "action" else found.Request).get_fields_and_field_types()
    given = next((yaml.safe_load(word) for word in rest if word.startswith("{")), {})
    return [f"{kind} has no field {field}" for field in given if field not in fields]


def _rlcg(words: Sequence[str]) -> list[str]:
    if words[0] == "launch":
        return _launch(words[1:])
    if words[0] not in commands.installed():
        return [f"rlcg has no command {words[0]}"]
    # A name alone, in the midst of prose.
    return parsed(commands.load(words[0]), words[1:]) if len(words) > 1 else []


def _asked(words: Sequence[str]) -> Sequence[str]:
    """Return what to parse for a command that prose names without its options."""
    return [*words, "--help"] if len(words) == 1 else words


def parsed(program: Callable[[Sequence[str]], Any], words: Sequence[str]) -> list[str]:
    """Return what a program's own parser says to its words; what comes after it is not done."""
    plain = argparse.ArgumentParser.parse_args

    def stop(parser: argparse.ArgumentParser, *given: Any) -> NoReturn:
        plain(parser, *given)
        raise ParsedError

    told = io.StringIO()
    argparse.ArgumentParser.parse_args = stop  # type: ignore[method-assign,assignment]
    try:
        with contextlib.redirect_stderr(told), contextlib.redirect_stdout(told):
            program([word for word in words if word != "..."])
    except ParsedError:
        return []
    except SystemExit as end:
        return [] if end.code in (0, None) else [told.getvalue().strip().rsplit("\n", 1)[-1]]
    finally:
        argparse.ArgumentParser.parse_args = plain  # type: ignore[method-assign]
    return ["it never looked at its words"]


def _program(name: str) -> Callable[[Sequence[str]], Any]:
    (entry,) = entry_points(group="console_scripts", name=name)
    found: Callable[[Sequence[str]], Any] = entry.load()
    return found


def _make(words: Sequence[str]) -> list[str]:
    text = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE)
    given = dict(word.split("=", 1) for word in words if "=" in word)
    wanted = [word for word in words if "=" not in word]
    found = [f"make has no target {one}" for one in wanted if one not in targets]
    found += [f"make knows no {name}" for name in given if not re.search(rf"\b{name}\b", text)]
    rest, target = shlex.split(given.get("ARGS", "")), (wanted or ["help"])[0]
    takers: dict[str, Check] = {
        "grasp": lambda words: _launch(["rlcg_policy", "grasp.launch.py", *words]),
        "bench": lambda words: parsed(_program("rlcg-bench"), words),
        "test": _pytest,
    }
    return found + (takers[target](rest) if rest and target in takers else [])


def _pytest(words: Sequence[str]) -> list[str]:
    declared = "".join(path.read_text() for path in (ROOT / "tests").rglob("conftest.py"))
    options = [word.split("=")[0] for word in words if word.startswith("-")]
    unknown = [o for o in options if not BENCH_WORDS.fullmatch(o) and f'"{o}"' not in declared]
    places = [word.split("::")[0] for word in words if word.startswith("tests")]
    missing = [place for place in places if not (ROOT / place).exists()]
    return [f"unknown option {o}" for o in unknown] + [f"there is no {m}" for m in missing]


def _python(words: Sequence[str]) -> list[str]:
    module = words[words.index("-m") + 1] if "-m" in words[:-1] else ""
    if not module.startswith("rlcg_"):
        return []
    package, _, executable = module.partition(".")
    if importlib.util.find_spec(module) is None:
        return [f"there is no module {module}"]
    known = executable.endswith("_node")
    return _ros_arguments(package, executable, words) if known else []


def assignments(page: str) -> Iterator[str]:
    """Yield the names of the launch arguments and parameters that prose sets: ``name:=value``."""
    for span in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", page):
        words = span.split()
        if words and words[0] not in ("ros2", "rlcg", "make"):
            yield from (word.split(":=")[0] for word in words if re.match(r"[a-z_]+:=", word))
