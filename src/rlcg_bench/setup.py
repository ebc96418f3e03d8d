# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

PACKAGE = "rlcg_bench"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={PACKAGE: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=False,
    maintainer="rlcg maintainers",
    maintainer_email="maintainers@rlcg.invalid",
    description="Benchmark of rlcg.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "rlcg-bench = rlcg_bench.cli:main",
        ],
        "rlcg.commands": [
            "soak = rlcg_bench.soak.command:soak",
        ],
    },
)
