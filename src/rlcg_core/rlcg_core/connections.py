# SPDX-License-Identifier: Apache-2.0
"""Who publishes and subscribes what, and which two of them never hear each other."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Endpoint:
    """A publisher, or a subscription, of a topic.

    ``type_name``: as package/msg/Name. ``node``: its full name. ``quality``: what it offers or
    asks for, in words.
    """

    topic: str
    type_name: str
    node: str
    publishes: bool
    quality: str

    @property
    def does(self) -> str:
        """Return who does what, as "/camera publishes"."""
        return f"{self.node} {'publishes' if self.publishes else 'subscribes'}"


@dataclass(frozen=True)
class Mismatch:
    """A publisher and a subscription of one topic between which nothing passes, and why."""

    publisher: Endpoint
    subscription: Endpoint
    reason: str

    @property
    def topic(self) -> str:
        """Return the topic of both."""
        return self.publisher.topic

    def involves(self, node: str) -> bool:
        """Whether one of the two is of this node."""
        return node in (self.publisher.node, self.subscription.node)

    def __str__(self) -> str:
        """Return both sides and the reason in one line."""
        sides = (self.publisher, self.subscription)
        if self.publisher.type_name != self.subscription.type_name:
            told = " and ".join(f"{side.does} {side.type_name}" for side in sides)
        else:
            told = " and ".join(f"{side.does} {side.quality}" for side in sides)
        return f"{self.topic}: {told}: {self.reason}"
