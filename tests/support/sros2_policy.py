# SPDX-License-Identifier: Apache-2.0
"""A strict reader of SROS 2 policies, version 0.2.0, and the same facts read off a live graph."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from rclpy.node import Node

# Kind of list -> its elements, and what may be granted for them (sros2: policy.xsd).
KINDS = {
    "topics": ("topic", {"publish", "subscribe"}),
    "services": ("service", {"reply", "request"}),
    "actions": ("action", {"call", "execute"}),
}


@dataclass(frozen=True, order=True)
class Use:
    """One thing that a node does: ``topics`` ``publish`` ``/clock``."""

    kind: str
    right: str
    name: str


@dataclass(frozen=True)
class Grant:
    """What one enclave may do; everything else is denied."""

    enclave: str
    node: str
    namespace: str
    allowed: frozenset[Use]


def read(text: str) -> list[Grant]:
    """Return the grants of a policy; fails on whatever its schema does not have."""
    root = ElementTree.fromstring(text)
    assert (root.tag, root.attrib) == ("policy", {"version": "0.2.0"})
    (enclaves,) = _children(root, "enclaves")
    return [_grant(element) for element in _children(enclaves, "enclave", {"path"})]


def uses(node: Node, name: str, namespace: str) -> set[Use]:
    """Return what the graph says of a node; hidden topics of actions count as the action."""
    rows: dict[tuple[str, str], Callable[..., Any]] = {
        ("topics", "publish"): node.get_publisher_names_and_types_by_node,
        ("topics", "subscribe"): node.get_subscriber_names_and_types_by_node,
        ("services", "reply"): node.get_service_names_and_types_by_node,
        ("services", "request"): node.get_client_names_and_types_by_node,
    }
    found = set()
    for (kind, right), ask in rows.items():
        for full_name, _ in ask(name, namespace):
            action, hidden, _ = full_name.partition("/_action/")
            serves = "execute" if right in ("publish", "reply") else "call"
            found.add(Use("actions", serves, action) if hidden else Use(kind, right, full_name))
    return found


def _grant(enclave: ElementTree.Element) -> Grant:
    (profiles,) = _children(enclave, "profiles")
    (profile,) = _children(profiles, "profile", {"ns", "node"})
    node, namespace = profile.attrib["node"], profile.attrib["ns"]
    assert node
    assert namespace.startswith("/"), namespace
    allowed = []
    for block in profile:
        name_tag, rights = KINDS[block.tag]
        ((right, qualifier),) = block.attrib.items()
        assert right in rights, f"{block.tag} {right}"
        assert qualifier == "ALLOW", "what is not allowed is denied already"
        for element in _children(block, name_tag):
            full_name = _resolved(element.text or "", node, namespace)
            allowed.append(Use(block.tag, right, full_name))
    assert len(allowed) == len(set(allowed)), f"{enclave.attrib} has a line twice"
    return Grant(enclave.attrib["path"], node, namespace, frozenset(allowed))


def _children(
    element: ElementTree.Element, tag: str, attributes: frozenset[str] | set[str] = frozenset()
) -> list[ElementTree.Element]:
    children = list(element)
    assert children, f"{element.tag} is empty"
    assert {child.tag for child in children} == {tag}, f"{element.tag} has other than {tag}"
    assert all(set(child.attrib) == attributes for child in children)
    return children


def _resolved(name: str, node: str, namespace: str) -> str:
    prefix = namespace.rstrip("/")
    assert name, "a name is empty"
    if name.startswith("/"):
        return name
    return f"{prefix}/{node}{name[1:]}" if name.startswith("~") else f"{prefix}/{name}"
