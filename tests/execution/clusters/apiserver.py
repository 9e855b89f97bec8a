"""As much of a Kubernetes API server, and of the operator, as clusters of pods talk to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.helpers.http import Answering, serving

__all__ = ["Stub", "kubeconfig", "serve"]

KINDS = {
    "secrets": "Secret",
    "services": "Service",
    "pods": "Pod",
    "nodes": "Node",
    "deployments": "Deployment",
    "networkpolicies": "NetworkPolicy",
    "daskclusters": "DaskCluster",
    "daskworkergroups": "DaskWorkerGroup",
    "daskautoscalers": "DaskAutoscaler",
}
OF_GROUP = {
    "kubernetes.dask.org": ("DaskCluster", "DaskWorkerGroup", "DaskAutoscaler"),
    "authorization.k8s.io": ("SelfSubjectAccessReview",),
}
VERBS = {
    ("GET", True): "get",
    ("GET", False): "list",
    ("POST", False): "create",
    ("PATCH", True): "patch",
    ("DELETE", True): "delete",
}
"""Method, and whether an object is named, to what it is called in a Role."""
Object = dict[str, Any]


class Stub:
    """Objects by kind and name, and what to do with them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.objects: dict[tuple[str, str], Object] = {}
        self.calls: list[tuple[str, str, str]] = []
        self.refusals: dict[tuple[str, str], tuple[int, str]] = {}
        """Method and kind to status and message."""
        self.unknown: set[str] = set()
        """Kinds that the server does not know."""
        self.image = "here"
        """Or the reason why it cannot be pulled."""
        self.operator: Callable[[Object], None] = self.operate
        self.url = ""
        self.rules: list[Object] | None = None
        """Of the Role of whoever asks; None: everything is allowed."""
        self.asked: set[tuple[str, str, str]] = set()
        """API group, resource and verb of all calls, as rules of a Role name them."""

    def has(self) -> list[str]:
        return sorted(f"{kind} {name}" for kind, name in self.objects)

    def operate(self, cluster: Object) -> None:
        """Do as the operator does with a new cluster."""
        name = cluster["metadata"]["name"]
        cluster["status"] = {"phase": "Running"}
        self.add("DaskWorkerGroup", f"{name}-default", name, "", spec=cluster["spec"])
        self.start(name, "scheduler")
        for number in range(cluster["spec"]["worker"]["replicas"]):
            self.start(name, "worker", number)

    def start(self, cluster: str, part: str, number: int = 0) -> None:
        """Do as the controllers and the node do with a Deployment."""
        self.add("Deployment", f"{cluster}-{part}-{number}", cluster, part, status={})
        status: Object = {"phase": "Running", "hostIP": "192.0.2.7"}
        if self.image == "here":
            status["conditions"] = [{"type": "Ready", "status": "True"}]
        else:
            why = {"reason": self.image, "message": f"message of {self.image}"}
            status |= {"phase": "Pending", "containerStatuses": [{"state": {"waiting": why}}]}
        name = f"{cluster}-{part}-{number}-pod"
        self.add("Pod", name, cluster, part, status=status, spec={"nodeName": "node-1"})

    def add(self, kind: str, name: str, cluster: str, part: str, **content: Any) -> Object:
        labels = {"dask.org/cluster-name": cluster, "dask.org/component": part}
        made = {"kind": kind, "metadata": {"name": name, "labels": labels}, **content}
        self.objects[kind, name] = made
        return made

    def answer(self, method: str, url: str, body: Object) -> tuple[int, Any]:
        split = urlsplit(url)
        query = parse_qs(split.query)
        core, *parts = split.path.strip("/").split("/")
        group = "" if core == "api" else parts.pop(0)
        parts.pop(0)  # the version
        if not parts:
            return self.discover(group)
        if parts[0] == "selfsubjectaccessreviews":
            asked = body["spec"]["resourceAttributes"]
            resource = "/".join(filter(None, (asked["resource"], asked["subresource"])))
            allowed = self.allows(asked["group"], resource, asked["verb"])
            return 201, {**body, "status": {"allowed": allowed}}
        parts = parts[2:] if parts[0] == "namespaces" else parts
        kind = KINDS[parts[0]]
        name, *rest = [*parts[1:], ""]
        right = (group, "/".join([parts[0], *filter(None, rest)]), VERBS[method, bool(name)])
        self.asked.add(right)
        if not self.allows(*right):
            return 403, {"kind": "Status", "message": f"{right} is forbidden", "code": 403}
        self.calls.append((method, kind, name))
        if kind in self.unknown:
            return 404, "404 page not found\n"
        if (method, kind) in self.refusals:
            code, message = self.refusals[method, kind]
            return code, {"kind": "Status", "message": message, "code": code}
        if method == "POST" and query.get("dryRun") == ["All"]:
            taken = (kind, body["metadata"]["name"]) in self.objects
            return (409, {"message": "already exists"}) if taken else (201, body)
        if method == "POST":
            return self.create(kind, body)
        if not name:
            wanted = query.get("labelSelector", [""])[0]
            return 200, {"items": self.select(kind, wanted)}
        if (kind, name) not in self.objects:
            return 404, {"kind": "Status", "message": f'{parts[-1]} "{name}" not found'}
        if rest[0] == "log":
            return 200, f"log of {name}\n"
        if method == "DELETE":
            return 200, self.delete(kind, name)
        if method == "PATCH":
            merge(self.objects[kind, name], body)
        return 200, self.objects[kind, name]

    def discover(self, group: str) -> tuple[int, Any]:
        known = [kind for kind in OF_GROUP.get(group, ()) if kind not in self.unknown]
        if not known:
            return 404, "404 page not found\n"
        return 200, {"kind": "APIResourceList", "resources": [{"kind": kind} for kind in known]}

    def allows(self, group: str, resource: str, verb: str) -> bool:
        return self.rules is None or any(
            group in rule["apiGroups"]
            and resource in rule["resources"]
            and verb in rule["verbs"]
            and "resourceNames" not in rule
            for rule in self.rules
        )

    def create(self, kind: str, body: Object) -> tuple[int, Any]:
        name = body["metadata"]["name"]
        if (kind, name) in self.objects:
            return 409, {"kind": "Status", "message": f'"{name}" already exists'}
        body["metadata"]["uid"] = f"uid of {name}"
        self.objects[kind, name] = body
        if kind == "DaskCluster":
            self.operator(body)
        return 201, body

    def select(self, kind: str, wanted: str) -> list[Object]:
        labels = dict(pair.split("=") for pair in wanted.split(",") if pair)
        return [
            one
            for (its, _), one in self.objects.items()
            if its == kind and labels.items() <= one["metadata"]["labels"].items()
        ]

    def delete(self, kind: str, name: str) -> Object:
        gone = self.objects.pop((kind, name))
        if kind == "DaskCluster":
            for key in [*self.objects]:
                if key[0] in ("Pod", "Deployment", "DaskWorkerGroup"):
                    del self.objects[key]
        return gone


def merge(one: Object, change: Object) -> None:
    for key, value in change.items():
        if isinstance(value, dict):
            merge(one.setdefault(key, {}), value)
        else:
            one[key] = value


@contextmanager
def serve(stub: Stub) -> Iterator[Stub]:
    class Handler(Answering):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet for an answer: two would wait for each other

        def do_GET(self) -> None:
            body = self.body()
            with stub.lock:
                self.tell(*stub.answer(self.command, self.path, body))

        do_POST = do_PATCH = do_DELETE = do_GET

    with serving(Handler) as url:
        stub.url = url
        yield stub


def kubeconfig(url: str) -> str:
    """Write the file that names an API server."""
    # without TLS, this spares a second for the certificates of all the world
    cluster = {"server": url, "insecure-skip-tls-verify": True}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": {"token": "not-a-secret"}}],
        }
    )
