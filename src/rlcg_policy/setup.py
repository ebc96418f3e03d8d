# SPDX-License-Identifier: Apache-2.0
import os
from pathlib import Path

from setuptools import find_packages, setup

PACKAGE = "rlcg_policy"

# launch/, config/ and models/ stand at the top of the repository, where readers look, and are
# installed into share/rlcg_policy, where ROS looks for them.
ROOT = Path(__file__).resolve().parents[2]


def shared_files(folder: str) -> list[tuple[str, list[str]]]:
    """Files below ROOT/folder as data_files entries, one entry per directory."""
    entries = []
    for directory, children, names in os.walk(ROOT / folder):
        children[:] = sorted(child for child in children if child != "__pycache__")
        files = [os.path.relpath(Path(directory) / name) for name in sorted(names)]
        if files:
            entries.append((f"share/{PACKAGE}/{os.path.relpath(directory, ROOT)}", files))
    return entries


setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={PACKAGE: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        *shared_files("launch"),
        *shared_files("config"),
        *shared_files("models"),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=False,
    maintainer="rlcg maintainers",
    maintainer_email="maintainers@rlcg.invalid",
    description="Grasp policy of rlcg.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "policy_node = rlcg_policy.programs:policy_node",
            "arm_node = rlcg_policy.programs:arm_node",
            "base_node = rlcg_policy.programs:base_node",
            "camera_node = rlcg_policy.programs:camera_node",
            "snapshot_node = rlcg_policy.programs:snapshot_node",
            "evaluate_node = rlcg_policy.programs:evaluate_node",
            "label_node = rlcg_policy.programs:label_node",
        ],
        "rlcg.commands": [
            "compare = rlcg_policy.commands:compare",
            "calibrate = rlcg_policy.calibrate.commands:calibrate",
            "doctor = rlcg_policy.doctor.command:doctor",
            "security = rlcg_policy.security.commands:security",
        ],
    },
)
