# SPDX-License-Identifier: Apache-2.0
"""A gripper controller as a process: prints a line per goal; ``parallel`` picks the action."""

import rclpy
from control_msgs.action import GripperCommand, ParallelGripperCommand
from rclpy.action import ActionServer
from rclpy.executors import ExternalShutdownException


def main() -> None:
    rclpy.init()
    node = rclpy.create_node("gripper_server")
    parallel = node.declare_parameter("parallel", False).value
    kind = ParallelGripperCommand if parallel else GripperCommand

    def carry_out(goal: object) -> object:
        command = goal.request.command  # type: ignore[attr-defined]
        if parallel:
            print(f"goal {list(command.name)} {list(command.position)} {list(command.effort)}")
        else:
            print(f"goal {command.position} {command.max_effort}")
        goal.succeed()  # type: ignore[attr-defined]
        return kind.Result(stalled=True)

    ActionServer(node, kind, "gripper_cmd", carry_out)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        node.destroy_node()


if __name__ == "__main__":
    main()
