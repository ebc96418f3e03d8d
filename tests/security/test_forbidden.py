# SPDX-License-Identifier: Apache-2.0
"""No program of ours runs what it reads: no pickle, no eval, no shell, no unsafe loader, no socket.

Read off the syntax tree of every file that is shipped.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "launch", "docker", "scripts")
# A module that makes objects of what it reads, or a connection that is not DDS.
MODULES = {
    *("pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"),
    *("socket", "_socket", "socketserver", "http", "xmlrpc", "ftplib", "smtplib", "ssl"),
    *("urllib.request", "urllib3", "requests", "httpx", "aiohttp", "websockets", "zmq", "grpc"),
    *("asyncio.streams", "multiprocessing", "code"),
}
# What is allowed to one file, and why.
EXCEPTIONS = {
    # They talk to children that they started themselves, by pipes that nobody else can reach.
    "src/rlcg_bench/rlcg_bench/timed_process.py": {"multiprocessing"},
    "src/rlcg_train/rlcg_train/processes.py": {"multiprocessing"},
    "src/rlcg_train/rlcg_train/qt_opt/actors.py": {"multiprocessing"},
    "src/rlcg_train/rlcg_train/qt_opt/collection.py": {"multiprocessing"},
    "src/rlcg_train/rlcg_train/trial.py": {"multiprocessing"},
}
NAMES = {"eval", "exec", "compile", "__import__", "execfile"}
# Attribute calls, by their last two parts.
CALLS = {
    *("os.system", "os.popen", "os.execl", "os.spawnl", "subprocess.getoutput"),
    *("subprocess.getstatusoutput", "asyncio.create_subprocess_shell", "asyncio.start_server"),
    *("asyncio.open_connection", "yaml.unsafe_load", "yaml.full_load", "yaml.load_all"),
    *("yaml.unsafe_load_all", "torch.jit.load", "torch.hub.load", "torch.package.PackageImporter"),
    *("np.fromfile", "pd.read_pickle", "builtins.eval", "builtins.exec"),
}
SAFE_LOADERS = {"_StrictLoader", "SafeLoader", "CSafeLoader"}


def files() -> list[Path]:
    """Return the Python files that are shipped."""
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def faults(source: str, allowed: frozenset[str] | set[str] = frozenset()) -> list[str]:
    """Return what a source must not have, with its lines; ``allowed`` modules it may import."""
    return [f"line {line}: {what}" for line, what in _faults(ast.parse(source), MODULES - allowed)]


def _faults(tree: ast.AST, modules: set[str]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = []
        for name in names:
            if _within(name, modules):
                yield node.lineno, f"import {name}"
        if isinstance(node, ast.Call):
            yield from ((node.lineno, what) for what in _wrong_call(node))


def _within(name: str, modules: set[str]) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:count]) in modules for count in range(1, len(parts) + 1))


def _wrong_call(node: ast.Call) -> Iterator[str]:
    called = ast.unparse(node.func)
    given = {word.arg: ast.unparse(word.value) for word in node.keywords if word.arg}
    if called in NAMES or ".".join(called.split(".")[-2:]) in CALLS:
        yield called
    if given.get("shell", "False") != "False":
        yield f"{called} with a shell"
    if given.get("allow_pickle", "False") != "False":
        yield f"{called} that unpickles"
    if called == "torch.load" and given.get("weights_only") != "True":
        yield "torch.load without weights_only"
    loader = given.get("Loader", ast.unparse(node.args[1]) if len(node.args) > 1 else "")
    if called == "yaml.load" and loader.split(".")[-1] not in SAFE_LOADERS:
        yield "yaml.load without a safe loader"


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_shipped_file_runs_nothing_that_it_reads(path: Path) -> None:
    allowed = EXCEPTIONS.get(str(path.relative_to(ROOT)), set())
    assert not faults(path.read_text(encoding="utf-8"), allowed)


def test_every_exception_is_needed() -> None:
    for name, modules in EXCEPTIONS.items():
        assert len(faults((ROOT / name).read_text(encoding="utf-8"))) >= len(modules)


def test_the_loaders_of_ours_that_count_as_safe_are() -> None:
    for path in files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name in SAFE_LOADERS:
                assert [ast.unparse(base) for base in node.bases] == ["yaml.SafeLoader"], path


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from urllib import request",
        "import urllib.request as r",
        "def f():\n    import socket",
        "from multiprocessing.connection import Client",
        "eval('1')",
        "exec(text)",
        "os.system(word)",
        "subprocess.run(words, shell=True)",
        "subprocess.run(words, shell=wanted)",
        "yaml.load(text)",
        "yaml.load(text, Loader=yaml.FullLoader)",
        "yaml.load(text, yaml.UnsafeLoader)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_what_is_forbidden_is_seen(source: str) -> None:
    assert len(faults(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "network.eval()",
        "re.compile(text)",
        "from urllib.parse import quote",
        "subprocess.run(words)",
        "yaml.safe_load(text)",
        "yaml.load(text, Loader=_StrictLoader)",
        "torch.load(path, weights_only=True)",
        "np.load(path, allow_pickle=False)",
    ],
)
def test_what_is_allowed_is_left_alone(source: str) -> None:
    assert not faults(source)
