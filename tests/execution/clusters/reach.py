"""Who may connect to whom by NetworkPolicies: they add up, and without one all is let."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import Any, NamedTuple

__all__ = ["Peer", "may_connect"]

Object = dict[str, Any]


class Peer(NamedTuple):
    """A pod, by labels and namespace, or an address outside."""

    labels: Mapping[str, str] = MappingProxyType({})
    namespace: str = ""
    address: str = ""


def may_connect(
    policies: Iterable[Object], start: Peer, end: Peer, port: int, protocol: str = "TCP"
) -> bool:
    """Return whether both sides let a connection through; ports are numbers of the far end."""
    policies = [one for one in policies if one["kind"] == "NetworkPolicy"]
    leaving = _lets(policies, "Egress", start, end, port, protocol)
    return leaving and _lets(policies, "Ingress", end, start, port, protocol)


def _lets(
    policies: list[Object], way: str, here: Peer, there: Peer, port: int, protocol: str
) -> bool:
    if here.address:
        return True
    its = [
        one["spec"]
        for one in policies
        if way in one["spec"]["policyTypes"]
        and one["metadata"]["namespace"] == here.namespace
        and _selects(one["spec"]["podSelector"], here.labels)
    ]
    if not its:
        return True
    peers = "to" if way == "Egress" else "from"
    return any(
        _among(rule.get(peers), there, here.namespace) and _on(rule.get("ports"), port, protocol)
        for spec in its
        for rule in spec.get(way.lower()) or []
    )


def _selects(selector: Object, labels: Mapping[str, str]) -> bool:
    assert {*selector} <= {"matchLabels", "matchExpressions"}
    expressions = selector.get("matchExpressions") or []
    assert all(one["operator"] == "Exists" for one in expressions)
    wanted = selector.get("matchLabels") or {}
    return wanted.items() <= labels.items() and all(one["key"] in labels for one in expressions)


def _on(ports: list[Object] | None, port: int, protocol: str) -> bool:
    numbers = {"tcp-comm": 8786, "http-dashboard": 8787}
    return ports is None or any(
        numbers.get(one["port"], one["port"]) == port and one.get("protocol", "TCP") == protocol
        for one in ports
    )


def _among(peers: list[Object] | None, there: Peer, namespace: str) -> bool:
    return peers is None or any(_is(peer, there, namespace) for peer in peers)


def _is(peer: Object, there: Peer, namespace: str) -> bool:
    if block := peer.get("ipBlock"):
        if not there.address or ip_address(there.address) not in ip_network(block["cidr"]):
            return False
        return not any(
            ip_address(there.address) in ip_network(one) for one in block.get("except") or []
        )
    if there.address:
        return False
    if "namespaceSelector" in peer:
        name = {"kubernetes.io/metadata.name": there.namespace}
        is_there = _selects(peer["namespaceSelector"], name)
    else:
        is_there = there.namespace == namespace
    return is_there and _selects(peer.get("podSelector", {}), there.labels)
