# SPDX-License-Identifier: Apache-2.0
"""Which model a policy_node serves: name and digest, latched on ``policy_node/model_info``."""

import json

from rclpy.node import Node
from rclpy.publisher import Publisher
from std_msgs.msg import String

from rlcg_ros import qos


def publish_model_info(node: Node, name: str, digest: str) -> Publisher:
    """Publish on ``~/model_info`` and return the publisher, which keeps it for late joiners."""
    publisher = node.create_publisher(String, "~/model_info", qos.STATUS)
    publisher.publish(String(data=json.dumps({"name": name, "digest": digest})))
    return publisher


class ModelWatch:
    """Knows the model of one policy_node; ``name`` and ``digest`` are empty before it is heard."""

    def __init__(self, node: Node, policy_node: str) -> None:
        """``policy_node``: its name as seen from ``node``."""
        self.name = self.digest = ""
        node.create_subscription(String, f"{policy_node}/model_info", self._take, qos.STATUS)

    def _take(self, msg: String) -> None:
        plain = json.loads(msg.data)
        self.name, self.digest = str(plain["name"]), str(plain["digest"])
