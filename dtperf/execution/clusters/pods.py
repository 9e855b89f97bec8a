"""Workers as pods: ``with pod_cluster(config, folder) as (address, security): …``.

Not dask_kubernetes' KubeCluster: it speaks to the scheduler without TLS, waits for its service for
ever, and neither makes nor deletes our Secret, Service and NetworkPolicy.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dtperf.errors import ConfigError, DtperfError
from dtperf.execution.clusters.apiserver import (
    AlreadyThere,
    ApiServer,
    NoAnswer,
    NotThere,
    Object,
    api_server,
)
from dtperf.execution.clusters.checks import check_pods
from dtperf.execution.clusters.manifest import CLUSTER_LABEL, manifest
from dtperf.execution.clusters.model import InterLink, Kubernetes
from dtperf.execution.clusters.needs import check_node, find_secrets, problem_of_node
from dtperf.execution.clusters.podstatus import (
    Pod,
    problems_of,
    read_pods,
    wait_for_scheduler,
    why_it_stays,
)
from dtperf.execution.clusters.tls import Credentials

if TYPE_CHECKING:
    from distributed.security import Security

__all__ = ["ClusterStatus", "create", "delete", "logs", "pod_cluster", "scale", "status"]

TLS = "tls"
DAY_S = 86_400
END_S = 120
"""How long pods may take to end."""
LOOK_S = 1.0
OURS = {"app.kubernetes.io/managed-by": "dtperf"}


class ClusterStatus(NamedTuple):
    """What Kubernetes knows of a cluster."""

    phase: str
    """As the operator says: Created, Pending, Running; empty if it has not seen the cluster yet."""
    wanted: int
    """As many workers as were asked for last."""
    pods: tuple[Pod, ...]
    problems: tuple[str, ...]
    """Why pods are not there or do not start, such as a quota that is used up."""


@contextmanager
def pod_cluster(config: Kubernetes | InterLink, folder: Path) -> Iterator[tuple[str, Security]]:
    """Start a cluster, and delete all of it afterwards, whatever happens.

    Args:
        config: What to start.
        folder: For certificates.

    Yields:
        Address of the scheduler, and what a client needs to be let in.

    Raises:
        ConfigError: Something is known to go wrong, or is not there, or not allowed.
        DtperfError: It does not start in time, or does not end.
    """
    scheduler = create(config, folder)
    try:
        yield scheduler
    finally:
        delete(config)


def create(config: Kubernetes | InterLink, folder: Path) -> tuple[str, Security]:
    """Start a cluster that stays; what there is of it is deleted if it does not start.

    Args:
        config: What to start.
        folder: For certificates; they last for a week, or longer than a worker does.

    Returns:
        Address of the scheduler, and what a client needs to be let in.

    Raises:
        ConfigError: Something is known to go wrong, or is not there, or not allowed.
        DtperfError: The scheduler is not ready within `wait_s`.
    """
    check_pods(config)
    credentials = Credentials.make(folder / TLS, max(7.0, config.lifetime_s / DAY_S + 1))
    made: list[Object] = []
    with api_server(config.namespace) as server:
        find_secrets(server, config)
        if isinstance(config, InterLink):
            check_node(server, config.node)
        try:
            for one in manifest(config, credentials):
                _create(server, one, made)
            _adopt(server, config, made)
            return wait_for_scheduler(server, config), credentials.security()
        except BaseException as error:
            left = _remove(server, made)
            if left and isinstance(error, DtperfError):
                raise DtperfError(f"{error}\n{left}") from None
            raise


def delete(config: Kubernetes | InterLink) -> bool:
    """Delete all that belongs to a cluster, and wait until its pods have ended.

    Returns:
        Whether there was anything.

    Raises:
        ConfigError: Another program has made the cluster of this name.
        DtperfError: Something cannot be deleted.
    """
    with api_server(config.namespace) as server:
        found: list[Object] = []
        for kind, name in _names(server, config):
            with suppress(NotThere):
                one = server.get(kind, name)
                if not OURS.items() <= one["metadata"].get("labels", {}).items():
                    raise ConfigError(f"{kind} {name}: is not of dtperf's making")
                found.append({**one, "kind": kind})
        if left := _remove(server, found):
            raise DtperfError(left)
    return bool(found)


def scale(config: Kubernetes | InterLink, workers: int) -> None:
    """Ask for another number of workers; with `maximum`, for no fewer than these.

    Raises:
        ConfigError: There is no such cluster.
        DtperfError: The API server refuses.
    """
    replicas = {"spec": {"worker": {"replicas": workers}}}
    with api_server(config.namespace) as server:
        with suppress(NotThere):
            span = {"minimum": workers, "maximum": max(workers, config.maximum or 1)}
            server.patch("DaskAutoscaler", config.name, {"spec": span})
        try:
            # what the operator works by once it has made it
            server.patch("DaskWorkerGroup", f"{config.name}-default", replicas)
        except NotThere:
            try:
                server.patch("DaskCluster", config.name, replicas)
            except NotThere:
                raise _not_up(config) from None


def status(config: Kubernetes | InterLink) -> ClusterStatus | None:
    """Return how a cluster does; None if there is none."""
    with api_server(config.namespace) as server:
        try:
            cluster = server.get("DaskCluster", config.name)
        except NotThere:
            return None
        asked = cluster
        with suppress(NotThere):
            asked = server.get("DaskWorkerGroup", f"{config.name}-default")
        pods = read_pods(server, config.name)
        return ClusterStatus(
            phase=cluster.get("status", {}).get("phase", ""),
            wanted=asked["spec"]["worker"]["replicas"],
            pods=tuple(pods),
            problems=(*problems_of(server, config.name, pods), *problem_of_node(server, config)),
        )


def logs(config: Kubernetes | InterLink, lines: int = 100) -> Iterator[tuple[str, str]]:
    """Yield name and end of the log of each pod; a pod without a log gives the reason.

    Raises:
        ConfigError: There is no such cluster.
    """
    with api_server(config.namespace) as server:
        pods = read_pods(server, config.name)
        if not pods:
            raise _not_up(config)
        for pod in pods:
            try:
                text = server.logs(pod.name, lines)
            except DtperfError as error:
                text = f"{pod.state}: {error}"
            yield pod.name, text


# workers end before what they need goes
EVERYTHING = (
    ("DaskAutoscaler", ""),
    ("DaskCluster", ""),
    ("Service", "-outside"),
    ("NetworkPolicy", "-worker"),
    ("NetworkPolicy", "-scheduler"),
)
ORDER = [*dict(EVERYTHING), "Secret"]


def _names(server: ApiServer, config: Kubernetes | InterLink) -> list[tuple[str, str]]:
    """List kind and name of all that a cluster may have; its Secret has a name of its own."""
    secrets = set[str]()
    with suppress(NotThere):
        cluster = server.get("DaskCluster", config.name)
        volumes = cluster["spec"]["worker"].get("spec", {}).get("volumes") or []
        secrets |= {one["secret"]["secretName"] for one in volumes if one["name"] == TLS}
    with suppress(ConfigError):  # not everybody may list them; without a cluster they go with it
        labels = {**OURS, CLUSTER_LABEL: config.name}
        secrets |= {one["metadata"]["name"] for one in server.list("Secret", labels)}
    named = [(kind, config.name + suffix) for kind, suffix in EVERYTHING]
    return [*named, *(("Secret", name) for name in sorted(secrets))]


def _not_up(config: Kubernetes | InterLink) -> ConfigError:
    return ConfigError(f"there is no cluster {config.name} in the namespace {config.namespace}")


def _create(server: ApiServer, one: Object, made: list[Object]) -> None:
    """Make an object, and note it if it is there, or may be."""
    made.append(one)
    try:
        server.create(one)
    except NoAnswer:
        raise
    except AlreadyThere:
        made.remove(one)
        raise ConfigError(
            f"{one['kind']} {one['metadata']['name']}: is in the namespace {server.namespace} "
            "already: end that cluster with `dtperf cluster down FILE`, or give this one "
            "another name"
        ) from None
    except DtperfError:
        made.remove(one)
        raise


def _adopt(server: ApiServer, config: Kubernetes | InterLink, made: list[Object]) -> None:
    """Bind all objects to the cluster: they go with it if the operator deletes it as idle."""
    cluster = server.get("DaskCluster", config.name)
    owner = {
        "apiVersion": cluster["apiVersion"],
        "kind": "DaskCluster",
        "name": config.name,
        "uid": cluster["metadata"]["uid"],
    }
    for one in made:
        if one["kind"] not in ("DaskCluster", "DaskAutoscaler"):  # the operator adopts the latter
            change = {"metadata": {"ownerReferences": [owner]}}
            with suppress(ConfigError):  # whoever may not change them can delete them by hand
                server.patch(one["kind"], one["metadata"]["name"], change)


def _remove(server: ApiServer, objects: list[Object]) -> str:
    """Delete objects, the cluster before what it needs; say what is left and why."""
    left = []
    for one in sorted(objects, key=lambda one: ORDER.index(one["kind"])):
        kind, name = one["kind"], one["metadata"]["name"]
        try:
            with suppress(NotThere):
                server.delete(kind, name)
                _wait_until_gone(server, kind, name)
        except DtperfError as error:
            left.append(f"{kind} {name} may be left in the namespace {server.namespace}: {error}")
    return "\n".join(left)


def _wait_until_gone(server: ApiServer, kind: str, name: str) -> None:
    deadline = time.monotonic() + END_S
    while True:
        server.get(kind, name)
        if time.monotonic() > deadline:
            raise DtperfError(f"it has not ended in {END_S} s: {why_it_stays(server, name)}")
        time.sleep(LOOK_S)
