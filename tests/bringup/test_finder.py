# SPDX-License-Identifier: Apache-2.0
"""The stand-in is found where nothing else is, holds what it says, and refuses the rest."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from rlcg_bringup.minilaunch import finder


@pytest.mark.usefixtures("stand_in")
def test_every_listed_name_can_be_imported() -> None:
    for module, names in finder.API.items():
        imported = importlib.import_module(module)
        for name in names:
            assert getattr(imported, name) is not None


@pytest.mark.usefixtures("stand_in")
def test_an_unknown_name_is_refused_by_name() -> None:
    with pytest.raises(ImportError, match="LifecycleNode"):
        exec("from launch_ros.actions import LifecycleNode", {})
    with pytest.raises(ModuleNotFoundError):
        exec("import launch.frontend", {})


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(
    "call",
    [
        "launch_ros.actions.Node(package='a', executable='b', autostart=True)",
        "launch.actions.ExecuteProcess(cmd=['a'], shell=True)",
        "launch.actions.DeclareLaunchArgument('a', default='b')",
        "launch.actions.GroupAction([], forwarding=False)",
        "launch.LaunchDescription([], deprecated_reason='no')",
        "launch.substitutions.PythonExpression('1', python_modules=['os'])",
    ],
)
def test_an_unknown_keyword_is_a_type_error(call: str) -> None:
    import launch
    import launch.actions
    import launch.substitutions
    import launch_ros.actions

    with pytest.raises(TypeError, match="unexpected keyword"):
        eval(call, {"launch": launch, "launch_ros": launch_ros})


def test_importing_the_command_does_not_make_launch_importable(tmp_path: Path) -> None:
    code = "import rlcg_bringup.cli, importlib.util as u; print(u.find_spec('launch') is None)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    real = finder.real_launch_installed()
    assert found.stdout.strip() == str(not real)


def test_a_real_launch_comes_first(tmp_path: Path) -> None:
    (tmp_path / "launch").mkdir()
    (tmp_path / "launch/__init__.py").write_text("REAL = True\n")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from rlcg_bringup.minilaunch import finder\n"
        "finder.install(); import launch; print(launch.REAL)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "True"


def launch_imports(path: Path) -> set[tuple[str, str]]:
    """Return (module, name) of everything that a file imports of launch and launch_ros."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {(node.module, alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
    return {(module, name) for module, name in found if module.split(".")[0].startswith("launch")}


def test_our_launch_files_use_only_what_the_stand_in_holds(repository: Path) -> None:
    files = sorted((repository / "launch").rglob("*.py"))
    assert files
    for path in files:
        imports = launch_imports(path)
        assert imports, path
        for module, name in imports:
            assert name in finder.API.get(module, {}), f"{path.name}: {module}.{name}"
