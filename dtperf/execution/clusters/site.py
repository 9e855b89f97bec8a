"""What a cluster of pods needs of a site, looked at step by step: ``examine(config)``.

Nothing is made: objects are only tried (`dryRun`), and a scheduler is dialled where one is up.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from dtperf.errors import ConfigError, DtperfError
from dtperf.execution.clusters.address import where_it_leads
from dtperf.execution.clusters.apiserver import (
    DASK,
    KINDS,
    AlreadyThere,
    ApiServer,
    NotThere,
    Object,
    api_server,
)
from dtperf.execution.clusters.checks import check_pods
from dtperf.execution.clusters.manifest import manifest
from dtperf.execution.clusters.model import InterLink, Kubernetes
from dtperf.execution.clusters.needs import (
    Finding,
    check_node,
    find_secrets,
    is_ready,
)
from dtperf.execution.clusters.podspecs import TOLERATED
from dtperf.execution.clusters.rights import missing
from dtperf.execution.clusters.tls import Credentials

__all__ = ["Step", "examine"]

NEEDED_BY = {"secrets": {"rights"}, "objects": {"file", "operator", "rights"}}
OPERATOR = (
    "ask an admin of the cluster for it: helm install --repo https://helm.dask.org "
    "--create-namespace --namespace dask-operator dask-operator dask-kubernetes-operator"
)
CHART = "the chart configs/helm/dtperf, installed there, gives these rights to its `users:`"


class Step(NamedTuple):
    """A thing that a cluster needs."""

    step: str
    outcome: Literal["ok", "wrong", "unknown"]
    text: str


def examine(config: Kubernetes | InterLink) -> Iterator[Step]:
    """Yield what each step of a site's preparation has come to, in their order.

    Without an answer of the API server nothing that follows it is looked at.
    """
    file = _step("file", lambda: _file(config))
    yield file
    try:
        with api_server(config.namespace) as server:
            wrong = {"file"} if file.outcome == "wrong" else set()
            for name, look in _steps(server, config).items():
                before = sorted(wrong & NEEDED_BY.get(name, set()))
                step = Step(name, "unknown", _later(before)) if before else _step(name, look)
                yield step
                if step.outcome == "wrong":
                    wrong.add(name)
                if "server" in wrong:
                    return
    except ConfigError as error:
        yield Step("server", "wrong", str(error))


def _later(names: list[str]) -> str:
    return f"to be seen when {' and '.join(names)} {'is' if len(names) == 1 else 'are'} right"


def _steps(
    server: ApiServer, config: Kubernetes | InterLink
) -> dict[str, Callable[[], Finding | None]]:
    return {
        "server": lambda: _answers(server),
        "operator": lambda: _operator(server),
        "rights": lambda: _rights(server),
        "secrets": lambda: _secrets(server, config),
        "objects": lambda: _objects(server, config),
        "node": lambda: _node(server, config),
        "address": lambda: where_it_leads(server, config, is_up=_is_there(server, config)),
    }


def _step(name: str, look: Callable[[], Finding | None]) -> Step:
    try:
        found = look()
    except DtperfError as error:
        return Step(name, "wrong", str(error))
    return Step(name, *(found or Finding("ok", "none is needed")))


def _file(config: Kubernetes | InterLink) -> Finding:
    check_pods(config)
    return Finding(
        "ok",
        f"{config.workers} workers of the kind {config.kind}, cluster {config.name}, namespace "
        f"{config.namespace}, image {config.image}",
    )


def _answers(server: ApiServer) -> Finding:
    if not server.kinds("authorization.k8s.io", "v1"):  # which each Kubernetes has
        raise server.no_kubernetes()
    return Finding("ok", f"{server.url} answers, and takes the credentials")


def _operator(server: ApiServer) -> Finding:
    group, _, version = DASK.partition("/")
    lacks = {kind for kind, (of, _) in KINDS.items() if of == DASK} - server.kinds(group, version)
    if lacks:
        return Finding(
            "wrong", f"Kubernetes knows no {', '.join(sorted(lacks))}: no operator: {OPERATOR}"
        )
    return Finding("ok", f"its kinds are known ({DASK}); --start shows that it runs")


def _rights(server: ApiServer) -> Finding:
    lacking = missing(server)
    if not lacking:
        return Finding("ok", f"all that dtperf may ask for in the namespace {server.namespace}")
    verbs: dict[str, list[str]] = {}
    for right in lacking:
        verbs.setdefault(right.of, []).append(right.verb)
    names = "; ".join(f"{name} ({', '.join(each)})" for name, each in verbs.items())
    return Finding("wrong", f"not allowed in the namespace {server.namespace}: {names}: {CHART}")


def _secrets(server: ApiServer, config: Kubernetes | InterLink) -> Finding | None:
    find_secrets(server, config)
    given = {"proxy_secret": config.proxy_secret, "pull_secret": config.pull_secret}
    named = [f"{key} {name}" for key, name in given.items() if name]
    return Finding("ok", f"{', '.join(named)}: there") if named else None


def _objects(server: ApiServer, config: Kubernetes | InterLink) -> Finding:
    """Let the API server look at each object of the manifest, as it would before it makes it."""
    if _is_there(server, config):
        return Finding("ok", f"the cluster {config.name} is up, with all that it needs")
    with tempfile.TemporaryDirectory() as folder:
        objects = manifest(config, Credentials.make(Path(folder)))
    problems = [problem for one in objects if (problem := _refusal(server, one))]
    if problems:
        return Finding("wrong", "; ".join(problems))
    return Finding(
        "ok", f"{len(objects)} objects would be taken as `dtperf cluster manifest` has them"
    )


def _is_there(server: ApiServer, config: Kubernetes | InterLink) -> bool:
    try:
        server.get("DaskCluster", config.name)
    except (NotThere, ConfigError):
        return False
    return True


def _refusal(server: ApiServer, one: Object) -> str:
    try:
        server.create(one, dry_run=True)
    except AlreadyThere:
        name = f"{one['kind']} {one['metadata']['name']}"
        return f"{name} is left of an earlier cluster: `dtperf cluster down FILE` takes it away"
    except DtperfError as error:
        return str(error)
    return ""


def _node(server: ApiServer, config: Kubernetes | InterLink) -> Finding | None:
    if not isinstance(config, InterLink):
        return None
    node = check_node(server, config.node)
    if node is None:
        return Finding(
            "unknown",
            f"not allowed to list nodes: kubectl get node -l kubernetes.io/hostname={config.node}",
        )
    if not is_ready(node):
        return Finding(
            "wrong",
            f"{config.node} is not ready: the site's interLink does not answer: "
            f"kubectl describe node {config.node}",
        )
    if others := [*_other_taints(node)]:
        return Finding(
            "wrong", f"{config.node} has taints that no worker tolerates: {', '.join(others)}"
        )
    return _room(node, config)


def _other_taints(node: Object) -> Iterator[str]:
    for taint in node.get("spec", {}).get("taints") or []:
        if (taint["key"], taint["effect"]) != TOLERATED and taint["effect"] != "PreferNoSchedule":
            yield f"{taint['key']}:{taint['effect']}"


def _room(node: Object, config: InterLink) -> Finding:
    """Tell how many workers a node has room for, by what it says of itself."""
    from dask.utils import parse_bytes
    from kubernetes.utils import quantity

    told = node.get("status", {}).get("allocatable") or {}
    needs = {"cpu": config.cores, "memory": parse_bytes(config.memory), "pods": 1}
    fits = {
        name: int(quantity.parse_quantity(told[name]) / need)
        for name, need in needs.items()
        if name in told
    }
    least = min(fits, key=fits.__getitem__, default=None)
    if least is None:
        return Finding("ok", f"{config.node} is ready")
    if not fits[least]:
        return Finding(
            "wrong",
            f"no worker fits on {config.node}, which has {told[least]} of {least}: ask for less",
        )
    room = f"{config.node} is ready, with room for {fits[least]} workers when it is empty"
    if fits[least] < config.min_workers:
        return Finding("wrong", f"{room}, and min_workers is {config.min_workers}")
    return Finding("ok", room)
