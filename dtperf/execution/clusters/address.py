"""Where a cluster's scheduler is to be reached, before there is one: ``where_it_leads(…)``."""

from __future__ import annotations

import socket
from contextlib import suppress

from dtperf.errors import ConfigError
from dtperf.execution.clusters.apiserver import ApiServer, NotThere, Object
from dtperf.execution.clusters.model import InterLink, Kubernetes
from dtperf.execution.clusters.needs import Finding

__all__ = ["SERVICE", "where_it_leads"]

SERVICE = "-address"
"""What the name of the chart's Service has after that of the cluster."""
DIAL_S = 5


def where_it_leads(server: ApiServer, config: Kubernetes | InterLink, *, is_up: bool) -> Finding:
    """Return whether the address that a config names leads to a scheduler, or will do so.

    Args:
        server: Of the cluster's namespace.
        config: Of the cluster.
        is_up: The cluster is up: somebody has to answer.
    """
    address = config.service.external_address
    if address is None and isinstance(config, InterLink):
        return _none_yet(server, config)
    if address is None:
        where = (
            "inside Kubernetes only" if config.service.type == "ClusterIP" else "known at the start"
        )
        return Finding("ok", f"{where}: service.type is {config.service.type}")
    host, _, port = address.removeprefix("tls://").rpartition(":")
    try:
        hosts = {str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):  # the latter of what cannot be a name, such as a..b
        return Finding("wrong", f"{host}: no such name is known here: is DNS told of it?")
    if said := _differs(server, config, host, hosts):
        return Finding("wrong", said)
    return _dialled(host, int(port), is_up=is_up)


def _none_yet(server: ApiServer, config: InterLink) -> Finding:
    service = _service(server, config)
    given = _addresses(service) if service else []
    needed = "service.external_address: is needed, as the site's nodes reach the scheduler"
    if given:
        return Finding(
            "wrong", f"{needed}: the Service {config.name}{SERVICE} has {', '.join(given)}"
        )
    if service:
        return Finding(
            "wrong",
            f"{needed}: the Service {config.name}{SERVICE} has none yet: {_why(service)}",
        )
    return Finding("wrong", f"{needed}: `address:` of the chart makes a Service that has one")


def _differs(server: ApiServer, config: Kubernetes | InterLink, host: str, hosts: set[str]) -> str:
    """Return what the chart's Service has against an address; empty: nothing, or there is none."""
    service = _service(server, config)
    if service is None or service["spec"].get("type") != "LoadBalancer":
        return ""
    given = _addresses(service)
    name = f"the Service {config.name}{SERVICE}"
    if not given:
        return f"{name} has no address yet: {_why(service)}"
    if host in given or hosts & {*given}:
        return ""
    if any(not one.replace(".", "").isdigit() and ":" not in one for one in given):
        return ""  # one name may stand for another
    return (
        f"{name} has {', '.join(given)}, and external_address leads to {', '.join(sorted(hosts))}"
    )


def _service(server: ApiServer, config: Kubernetes | InterLink) -> Object | None:
    with suppress(NotThere, ConfigError):
        return server.get("Service", f"{config.name}{SERVICE}")
    return None


def _addresses(service: Object) -> list[str]:
    given = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    return [one.get("ip") or one.get("hostname") or "" for one in given]


def _why(service: Object) -> str:
    if service["spec"].get("type") == "LoadBalancer":
        return "has the site LoadBalancers? else `address: {type: NodePort, nodePort: 30786}`"
    return "name one of the nodes that lead there: kubectl get nodes -o wide"


def _dialled(host: str, port: int, *, is_up: bool) -> Finding:
    """Dial the scheduler; where none is up nobody has to answer."""
    where = f"{host}:{port}"
    try:
        socket.create_connection((host, port), DIAL_S).close()
    except ConnectionRefusedError:
        if is_up:
            return Finding(
                "wrong",
                f"{where} refuses, and the cluster is up: does this lead to its Service?",
            )
        return Finding(
            "ok",
            f"{where} is there; nobody listens as long as no cluster is up: --start shows it",
        )
    except OSError as error:
        if is_up:
            return Finding(
                "wrong", f"{where} does not answer ({error}), and the cluster is up: a firewall?"
            )
        return Finding(
            "unknown",
            f"{where} does not answer ({error}), and no cluster is up: --start shows it",
        )
    return Finding("ok", f"{where} answers")
