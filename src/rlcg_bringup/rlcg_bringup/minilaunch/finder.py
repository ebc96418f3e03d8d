# SPDX-License-Identifier: Apache-2.0
"""Lets `import launch` and `import launch_ros` find the stand-in where the real ones miss."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_HERE = "rlcg_bringup.minilaunch"

# What is there: module -> name in it -> (our module, name there).
API: dict[str, dict[str, tuple[str, str]]] = {
    "launch": {
        "LaunchContext": ("context", "LaunchContext"),
        "LaunchDescription": ("entities", "LaunchDescription"),
    },
    "launch.actions": {
        **{
            name: ("actions", name)
            for name in (
                "DeclareLaunchArgument",
                "GroupAction",
                "IncludeLaunchDescription",
                "LogInfo",
                "OpaqueFunction",
                "SetEnvironmentVariable",
                "SetLaunchConfiguration",
                "TimerAction",
                "UnsetEnvironmentVariable",
            )
        },
        "EmitEvent": ("events", "EmitEvent"),
        "ExecuteProcess": ("process", "ExecuteProcess"),
        "RegisterEventHandler": ("events", "RegisterEventHandler"),
        "Shutdown": ("events", "ShutdownAction"),
    },
    "launch.conditions": {name: ("entities", name) for name in ("IfCondition", "UnlessCondition")},
    "launch.event_handlers": {
        name: ("events", name) for name in ("OnProcessExit", "OnProcessStart", "OnShutdown")
    },
    "launch.events": {"Shutdown": ("events", "Shutdown")},
    "launch.launch_description_sources": {
        "PythonLaunchDescriptionSource": ("actions", "PythonLaunchDescriptionSource")
    },
    "launch.substitutions": {
        name: ("substitutions", name)
        for name in (
            "EnvironmentVariable",
            "LaunchConfiguration",
            "PathJoinSubstitution",
            "PythonExpression",
            "TextSubstitution",
            "ThisLaunchFileDir",
        )
    },
    "launch_ros": {},
    "launch_ros.actions": {
        name: ("node", name) for name in ("Node", "PushRosNamespace", "SetParameter", "SetRemap")
    },
    "launch_ros.parameter_descriptions": {
        name: ("parameters", name) for name in ("ParameterFile", "ParameterValue")
    },
    "launch_ros.substitutions": {
        name: ("substitutions", name) for name in ("FindPackagePrefix", "FindPackageShare")
    },
}


class _Module(ModuleType):
    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"found {self.__name__}.{name}, which this stand-in does not hold; it holds "
            f"{', '.join(API[self.__name__])}; install and source ROS 2 to use the real launch"
        )


class _Loader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        for name, (source, there) in API[module.__name__].items():
            setattr(module, name, getattr(importlib.import_module(f"{_HERE}.{source}"), there))


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in API:
            return None
        return ModuleSpec(fullname, _Loader(), is_package=fullname in ("launch", "launch_ros"))


def real_launch_installed() -> bool:
    """Say whether the real launch can be imported; a mere folder named launch is none."""
    if "launch" in sys.modules:
        return not isinstance(sys.modules["launch"], _Module)
    spec = importlib.util.find_spec("launch")
    return spec is not None and spec.origin is not None


def install() -> None:
    """Append the finder, so that anything that is really installed comes first."""
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    sys.meta_path.append(_Finder())
    if importlib.util.find_spec("launch") is not None and not real_launch_installed():
        # Started in a folder that holds a folder launch, Python would take that one.
        _take_place("launch")


def _take_place(name: str) -> None:
    spec = ModuleSpec(name, _Loader(), is_package=True)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    _Loader().exec_module(module)
