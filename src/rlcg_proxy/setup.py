# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

PACKAGE = "rlcg_proxy"

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
    description="World real_proxy of rlcg, which stands in for the robot.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "rlcg-proxy = rlcg_proxy.cli:main",
        ],
        "rlcg.looks": ["real_proxy = rlcg_proxy.real_look:make_look"],
        "rlcg.object_sets": [
            "proxy_train = rlcg_proxy.objects:draw_train",
            "proxy_test = rlcg_proxy.objects:draw_test",
        ],
    },
)
