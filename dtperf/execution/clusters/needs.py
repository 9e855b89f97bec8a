"""What clusters of pods need that others have made: virtual nodes, and Secrets."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal, NamedTuple

from dtperf.config.suggest import suggest
from dtperf.errors import ConfigError
from dtperf.execution.clusters.apiserver import ApiServer, NotThere, Object
from dtperf.execution.clusters.model import InterLink, Pods

__all__ = [
    "Finding",
    "check_node",
    "find_secrets",
    "is_ready",
    "problem_of_node",
]

VIRTUAL = {"virtual-node.interlink/type": "virtual-kubelet"}
HOST = "kubernetes.io/hostname"


class Finding(NamedTuple):
    """What came of looking at something that is needed."""

    outcome: Literal["ok", "wrong", "unknown"]
    """Unknown: nobody here may see it, or it shows only when a cluster starts."""
    text: str
    """What is there, or what is wrong and what to do."""


def check_node(server: ApiServer, name: str) -> Object | None:
    """Return a virtual node; None if we may not see any, which is no fault.

    Raises:
        ConfigError: There is none of this name; the message says which there are.
    """
    nodes = _virtual_nodes(server)
    if nodes is None:
        return None
    if name not in nodes:
        hint = suggest(name, nodes) if nodes else "; there is none at all: does interLink run?"
        raise ConfigError(f"node: there is no virtual node {name}{hint}")
    return nodes[name]


def find_secrets(server: ApiServer, config: Pods) -> None:
    """Check that the Secrets are there that we do not make; not being allowed to see is no fault.

    Raises:
        ConfigError: One is not, or has not what is needed of it.
    """
    for key, name in (("proxy_secret", config.proxy_secret), ("pull_secret", config.pull_secret)):
        if name is None:
            continue
        try:
            data = server.get("Secret", name).get("data") or {}
        except NotThere:
            raise ConfigError(
                f"{key}: there is no Secret {name} in the namespace {config.namespace}"
            ) from None
        except ConfigError:
            continue
        if key == "proxy_secret" and "proxy" not in data:
            raise ConfigError(f"{key}: the Secret {name} has no key `proxy`")


def problem_of_node(server: ApiServer, config: Pods) -> tuple[str, ...]:
    """Return whether the node of a cluster's workers does not answer; nothing if all is well."""
    nodes = _virtual_nodes(server) if isinstance(config, InterLink) else None
    if not nodes or not isinstance(config, InterLink) or is_ready(nodes.get(config.node)):
        return ()
    return (f"the node {config.node} is not ready: the site's interLink does not answer",)


def is_ready(node: Object | None) -> bool:
    """Return whether a node answers."""
    conditions = (node or {}).get("status", {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _virtual_nodes(server: ApiServer) -> dict[str, Object] | None:
    """Return all by the name that pods know them by; None if we may not see them."""
    with suppress(ConfigError, NotThere):
        found = server.list("Node", VIRTUAL)
        return {one["metadata"].get("labels", {}).get(HOST, ""): one for one in found}
    return None
