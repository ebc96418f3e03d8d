# SPDX-License-Identifier: Apache-2.0
"""Records what a launcher gives to the nodes of a launch file: arguments and environment.

The packages are stood in for by a prefix of our own whose executables write down what they got.
Where ROS 2 is installed, `python tests/bringup/recorder.py` writes the golden files with the real
`ros2 launch`; the tests compare our stand-in with them.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden"

# Topics of a robot that cannot be shared by two.
TOPICS = ("image_raw", "camera_info", "joint_states", "joint_trajectory", "gripper_command")
# Name of the golden file -> launch arguments; the launch file is grasp.launch.py but for FILES.
CASES = {
    "defaults": [],
    "mock": [
        "backend:=mock",
        "grasps:=2",
        "seed:=7",
        "lockstep:=false",
        "rate_hz:=2",
        "plan:=auto",
        "deadline_ms:=200",
    ],
    "robot": [
        "backend:=robot",
        "namespace:=cell_1",
        "joint_states_topic:=/lbr/joint_states",
        "joint_trajectory_topic:=/lbr/joint_trajectory_controller/joint_trajectory",
        "log_level:=debug",
    ],
    "robot2": ["robot:=robot2", "backend:=mock", "grasps:=2", "odom_topic:=/base/odom"],
    "named": [
        "model:=12",
        "renderer:=tiny",
        "namespace:=/a/b",
        "run_directory:=out put",
        "objects:=true",
    ],
    "recorded": ["backend:=mock", "record:=true", "bag_directory:=bags/12", "namespace:=cell_1"],
    "lbr": ["profile:=kuka_iiwa_lbr", "camera_info_url:=file:///cell/camera.yaml"],
    "lbr_recorded": [
        "profile:=kuka_iiwa_lbr",
        "record:=true",
        "bag_directory:=12",
        "video_device:=0",
    ],
    "lbr_slow": [
        "profile:=kuka_iiwa_lbr",
        "camera:=none",
        "namespace:=cell_1",
        "speed_scale:=0.1",
        "plan:=cpu-int8",
        "command_mode:=twist",
        "joint_states_topic:=/merged/joint_states",
    ],
    "evaluate_two": ["backend:=mock", "robots:=2", "outcome_sources:=gripper_opening,simulator"],
    "evaluate_two_recorded": ["backend:=mock", "robots:=2", "record:=true"],
    "evaluate_robots_recorded": [
        "backend:=robot",
        "namespaces:=left,right",
        "record:=true",
        "bag_directory:=12",
        *(f"{topic}_topic:=of_robot/{topic}" for topic in TOPICS),
    ],
    "evaluate_lbr_recorded": ["backend:=robot", "record:=true"],
    "evaluate_robots": [
        "backend:=robot",
        "namespaces:=left,right",
        "protocol:=robot2_single_bin",
        "image_raw_topic:=camera/image_raw",
        "joint_states_topic:=lbr/joint_states",
        "camera_info_topic:=camera/camera_info",
        "joint_trajectory_topic:=trajectory",
        "gripper_command_topic:=gripper",
    ],
}
FILES = {
    "lbr": "robot.launch.py",
    "lbr_recorded": "robot.launch.py",
    "evaluate_two_recorded": "evaluate.launch.py",
    "evaluate_robots_recorded": "evaluate.launch.py",
    "evaluate_lbr_recorded": "evaluate.launch.py",
    "lbr_slow": "robot.launch.py",
    "evaluate_two": "evaluate.launch.py",
    "evaluate_robots": "evaluate.launch.py",
}
# How many nodes start where it is not four, and some are of one name in several namespaces.
NUMBERS = {
    "robot2": 5,
    "evaluate_two": 7,
    "evaluate_two_recorded": 9,
    "evaluate_robots": 1,
    "evaluate_robots_recorded": 3,
    "evaluate_lbr_recorded": 2,
}
# How many nodes start, where no evaluate_node ends the launch (its stand-in knows no namespace).
WITHOUT_END = {"robot": 2, "recorded": 5, "lbr": 3, "lbr_recorded": 4, "lbr_slow": 2}
NODES = {
    "rlcg_sim": ["sim_node"],
    "rlcg_policy": ["arm_node", "base_node", "camera_node", "policy_node", "evaluate_node"],
    "rlcg_record": ["record_node"],
}
ENVIRONMENT = [
    "FASTDDS_DEFAULT_PROFILES_FILE",
    "FASTRTPS_DEFAULT_PROFILES_FILE",
    "PYTHONUNBUFFERED",
]

# evaluate_node ends by itself and with it the launch; without it (robot) the recorder interrupts.
STAND_IN = """\
import json, os, sys, time
arguments = sys.argv
files = [arguments[i + 1] for i, word in enumerate(arguments) if word == "--params-file"]
record = {
    "arguments": arguments,
    "parameters": {path: open(path).read() for path in files},
    "environment": {name: os.environ[name] for name in %r if name in os.environ},
}
name = os.path.basename(arguments[0])
spaces = [word for word in arguments if word.startswith("__ns:=/")]
if os.environ.get("RLCG_RECORD_SPACES") and spaces:
    name = spaces[0][len("__ns:=/"):].replace("/", ".") + "." * (spaces[0] != "__ns:=/") + name
folder = os.environ["RLCG_RECORD"]
with open(os.path.join(folder, name + ".part"), "w") as file:
    json.dump(record, file)
os.rename(os.path.join(folder, name + ".part"), os.path.join(folder, name + ".json"))
time.sleep(0.5 if name == "evaluate_node" else 60)
"""


def make_prefix(prefix: Path) -> None:
    """Make an install prefix with both packages, the shared files and stand-in executables."""
    index = prefix / "share/ament_index/resource_index/packages"
    index.mkdir(parents=True)
    for package, executables in NODES.items():
        (index / package).touch()
        (prefix / "share" / package).mkdir(parents=True)
        folder = prefix / "lib" / package
        folder.mkdir(parents=True)
        for executable in executables:
            path = folder / executable
            # Isolated from the environment of the caller, whose packages it needs not.
            path.write_text(f"#!{sys.executable} -IS\n{STAND_IN % (ENVIRONMENT,)}")
            path.chmod(0o755)
    for folder_name in ("launch", "config"):
        shutil.copytree(ROOT / folder_name, prefix / "share/rlcg_policy" / folder_name)


def record(command: Sequence[str], case: str, folder: Path) -> dict[str, Any]:
    """Run a case by `command rlcg_policy FILE arguments`; return what each node got.

    Paths of this run are replaced by $PREFIX; parameter files by their contents.
    """
    prefix, records = folder / "prefix", folder / "records"
    make_prefix(prefix)
    records.mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in ENVIRONMENT}
    environment["AMENT_PREFIX_PATH"] = f"{prefix}:{environment.get('AMENT_PREFIX_PATH', '')}"
    environment["RLCG_RECORD"] = str(records)
    environment["RLCG_RECORD_SPACES"] = "1" if case in NUMBERS else ""
    environment.pop("ROS_DISTRO", None)
    launcher = subprocess.Popen(
        [*command, "rlcg_policy", FILES.get(case, "grasp.launch.py"), *CASES[case]],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    expected = WITHOUT_END.get(case, NUMBERS.get(case, 4))
    deadline_s = time.monotonic() + 30
    while len(list(records.glob("*.json"))) < expected and time.monotonic() < deadline_s:
        time.sleep(0.05)
    if case in WITHOUT_END:
        launcher.send_signal(signal.SIGINT)
    output, _ = launcher.communicate(timeout=60)
    found = {path.stem: json.loads(path.read_text()) for path in sorted(records.glob("*.json"))}
    if len(found) != expected:
        raise RuntimeError(f"found records of {sorted(found)}, expected {expected}:\n{output}")
    return {name: normalized(one, str(prefix)) for name, one in found.items()}


def normalized(one: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Return a record without what differs from run to run."""
    arguments = []
    for word in one["arguments"]:
        if word in one["parameters"] and not word.startswith(prefix):
            # launch_ros tags lists as tuples of Python, which the parser of the nodes passes over.
            word = "contents: " + one["parameters"][word].replace(" !!python/tuple", "")
        arguments.append(word.replace(prefix, "$PREFIX"))
    environment = {n: v.replace(prefix, "$PREFIX") for n, v in one["environment"].items()}
    return {"arguments": arguments, "environment": environment}


def main() -> None:
    """Write the golden files with the real `ros2 launch`."""
    for name in CASES:
        with tempfile.TemporaryDirectory() as folder:
            found = record(["ros2", "launch"], name, Path(folder))
        (GOLDEN / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
        print(f"wrote {name}.json: {', '.join(found)}")


if __name__ == "__main__":
    main()
