# SPDX-License-Identifier: Apache-2.0
"""Who may import what: the table in docs/architecture, read off the imports of every module."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[2] / "src"
OURS = {
    "rlcg_core",
    "rlcg_msgs",
    "rlcg_ros",
    "rlcg_policy",
    "rlcg_sim",
    "rlcg_train",
    "rlcg_proxy",
    "rlcg_bench",
    "rlcg_bringup",
    "rlcg_record",
}
# rclpy, the message packages and what only exists beside them.
ROS = {
    "action_msgs",
    "ament_index_python",
    "builtin_interfaces",
    "diagnostic_msgs",
    "geometry_msgs",
    "lifecycle_msgs",
    # Odometry of a mobile base, the message that its drivers publish.
    "nav_msgs",
    "rcl_interfaces",
    "rclpy",
    "rlcg_msgs",
    "rosgraph_msgs",
    "sensor_msgs",
    "std_msgs",
    "std_srvs",
    "trajectory_msgs",
    "visualization_msgs",
}
# Package -> what its modules may import beside the standard library and themselves.
LIBRARY = {
    "rlcg_core": {"numpy"},
    "rlcg_ros": {"rlcg_core", "numpy"} | ROS,
    # onnx joins graphs that share their weights, and looks at them before a runtime does.
    # ament_index_python finds the installed profiles and SROS 2 policy for `rlcg security`.
    "rlcg_policy": {
        "rlcg_core",
        "ament_index_python",
        "numpy",
        "cv2",
        "onnx",
        "onnxruntime",
        "pinocchio",
        "yaml",
    },
    "rlcg_sim": {
        "rlcg_core",
        "numpy",
        "gymnasium",
        "pybullet",
        "pybullet_data",
        "pybullet_utils",
    },
    "rlcg_train": {
        "rlcg_core",
        "rlcg_sim",
        "numpy",
        "cv2",
        "matplotlib",
        "mcap",
        "mcap_ros2",
        "onnx",
        "onnxruntime",
        "torch",
        "tqdm",
    },
    "rlcg_bench": {
        "rlcg_core",
        "rlcg_policy",
        "rlcg_sim",
        "rlcg_train",
        "cv2",
        "gymnasium",
        "matplotlib",
        "numpy",
        "onnx",
        "onnxruntime",
        "pybullet",
        "setuptools",
        "torch",
        "tqdm",
    },
    # It may use everything that learns and acts; what it hides is hidden from those, see below.
    "rlcg_proxy": {
        "rlcg_core",
        "rlcg_policy",
        "rlcg_sim",
        "rlcg_train",
        "numpy",
        "cv2",
        "tqdm",
    },
    "rlcg_bringup": {"ament_index_python", "yaml"},
    # A bag is read by the conversions that the nodes use, so that it gives what the policy saw.
    "rlcg_record": {
        "rlcg_core",
        "rlcg_policy",
        "rlcg_ros",
        "numpy",
        "cv2",
        "google",
        "lz4",
        "mcap",
        "mcap_ros2",
        "pyarrow",
        "yaml",
        "zstandard",
    },
}
# A *_node.py may import these too.
NODE = {package: {"rlcg_ros"} | ROS for package in ("rlcg_policy", "rlcg_sim", "rlcg_bench")}
NODE["rlcg_record"] = ROS


def modules() -> list[Path]:
    """Return the modules of all packages."""
    return sorted(path for package in LIBRARY for path in (SRC / package / package).rglob("*.py"))


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and top-level name of each import in a file, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            yield node.lineno, node.module.split(".")[0]


def allowed(path: Path) -> set[str]:
    """Return the names that a module may import beside the standard library."""
    package = path.relative_to(SRC).parts[0]
    extra = NODE.get(package, set()) if path.name.endswith("_node.py") else set()
    return LIBRARY[package] | extra | {package}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SRC)))
def test_a_module_imports_only_what_its_package_may(path: Path) -> None:
    permitted = allowed(path) | sys.stdlib_module_names
    wrong = [f"line {line}: {name}" for line, name in imported(path) if name not in permitted]
    assert not wrong, f"{path.relative_to(SRC)} may import {sorted(allowed(path))}"


def test_all_packages_are_under_the_law() -> None:
    assert {path.parent.name for path in SRC.glob("*/package.xml")} == OURS
    assert OURS - {"rlcg_msgs"} == set(LIBRARY)


def test_the_core_runs_without_anything_but_numpy() -> None:
    assert LIBRARY["rlcg_core"] == {"numpy"}


def test_only_training_and_benchmark_know_torch_and_the_policy_knows_none_of_them() -> None:
    with_torch = {package for package, names in LIBRARY.items() if "torch" in names}
    assert with_torch == {"rlcg_train", "rlcg_bench"}
    assert not LIBRARY["rlcg_policy"] & {"rlcg_sim", *with_torch}
    assert not NODE["rlcg_policy"] & {"rlcg_sim", *with_torch}


def test_nothing_imports_the_benchmark_or_the_world_that_stands_in_for_the_robot() -> None:
    for hidden in ("rlcg_bench", "rlcg_proxy"):
        assert not [package for package, names in LIBRARY.items() if hidden in names]
        assert not [package for package, names in NODE.items() if hidden in names]


def test_the_law_sees_an_import_inside_a_function(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("def f():\n    import torch.nn\n    from rclpy.node import Node\n")
    assert list(imported(module)) == [(2, "torch"), (3, "rclpy")]
