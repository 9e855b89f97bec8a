"""A Kubernetes API server, for code that waits: ``with api_server() as server: server.get(…)``.

kr8s finds the credentials (KUBECONFIG, or the pod's own) and speaks HTTP; every call is bounded in
time, and every failure is one clear message.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dtperf.errors import ConfigError, DtperfError
from dtperf.extras import install_command

if TYPE_CHECKING:
    import kr8s
    from anyio.from_thread import BlockingPortal

__all__ = [
    "DASK",
    "KINDS",
    "AlreadyThere",
    "ApiServer",
    "NoAnswer",
    "NotThere",
    "Object",
    "api_server",
]

ANSWER_S = 30
"""So long the API server may take for an answer."""
DASK = "kubernetes.dask.org/v1"
"""Group and version of the operator's kinds."""
KINDS = {
    "Secret": ("v1", "secrets"),
    "Service": ("v1", "services"),
    "Pod": ("v1", "pods"),
    "Node": ("v1", "nodes"),
    "Deployment": ("apps/v1", "deployments"),
    "NetworkPolicy": ("networking.k8s.io/v1", "networkpolicies"),
    "DaskCluster": (DASK, "daskclusters"),
    "DaskWorkerGroup": (DASK, "daskworkergroups"),
    "DaskAutoscaler": (DASK, "daskautoscalers"),
    "SelfSubjectAccessReview": ("authorization.k8s.io/v1", "selfsubjectaccessreviews"),
}
OF_NO_NAMESPACE = ("Node", "SelfSubjectAccessReview")
NO_CLUSTER = (
    "no Kubernetes cluster is named here: set KUBECONFIG to the file with its address and your "
    "credentials, or run this in a pod that may use the API"
)

Object = dict[str, Any]


class NotThere(DtperfError):
    """No object of this name."""


class AlreadyThere(DtperfError):
    """An object of this name is there already."""


class NoAnswer(DtperfError):
    """Nobody knows what has become of it."""


class ApiServer:
    """Objects of one namespace, and the nodes of all."""

    def __init__(self, api: kr8s.Api, portal: BlockingPortal, namespace: str) -> None:
        self._api = api
        self._portal = portal
        self.namespace = namespace

    @property
    def url(self) -> str:
        """Where it is."""
        return str(self._api.auth.server)

    def get(self, kind: str, name: str) -> Object:
        """Read an object."""
        return self._object("GET", kind, name)

    def list(self, kind: str, labels: dict[str, str]) -> list[Object]:
        """Read all objects with some labels."""
        wanted = ",".join(f"{name}={value}" for name, value in labels.items())
        found = self._object("GET", kind, params={"labelSelector": wanted})
        items: list[Object] = found.get("items") or []
        return items

    def create(self, content: Object, *, dry_run: bool = False) -> Object:
        """Make an object; with `dry_run` only see whether it would be taken."""
        params = {"dryRun": "All"} if dry_run else None
        return self._object("POST", content["kind"], content=json.dumps(content), params=params)

    def patch(self, kind: str, name: str, content: Object) -> Object:
        """Change a part of an object."""
        headers = {"Content-Type": "application/merge-patch+json"}
        return self._object("PATCH", kind, name, content=json.dumps(content), headers=headers)

    def delete(self, kind: str, name: str) -> None:
        """Delete an object; what belongs to a Dask object goes before it."""
        policy = "Foreground" if kind.startswith("Dask") else "Background"
        self._object("DELETE", kind, name, content=json.dumps({"propagationPolicy": policy}))

    def logs(self, pod: str, lines: int) -> str:
        """Read the last lines of a pod's log."""
        return self._text("GET", "Pod", f"{pod}/log", params={"tailLines": lines})

    def kinds(self, group: str, version: str) -> set[str]:
        """Return the kinds that it knows of a group of others' making; none without the group."""
        try:
            found = self._read(self._answer("GET", group, base="/apis", version=group, url=version))
        except NotThere:
            return set()
        if "resources" not in found:
            raise self.no_kubernetes()
        return {one["kind"] for one in found["resources"]}

    def _object(self, method: str, kind: str, name: str = "", **more: Any) -> Object:
        return self._read(self._text(method, kind, name, **more))

    def _read(self, text: str) -> Object:
        """Read an answer; that of a page to log in, say, is none of an API server."""
        try:
            found = json.loads(text)
        except ValueError:
            raise self.no_kubernetes() from None
        if not isinstance(found, dict):
            raise self.no_kubernetes()
        return found

    def no_kubernetes(self) -> DtperfError:
        """Return what is to be said if another server answers."""
        return ConfigError(
            f"{self.url} answers, but not as an API server of Kubernetes: is KUBECONFIG right?"
        )

    def _text(self, method: str, kind: str, name: str = "", **more: Any) -> str:
        version, plural = KINDS[kind]
        namespace = None if kind in OF_NO_NAMESPACE else self.namespace
        where = {"version": version, "namespace": namespace}
        url = f"{plural}/{name}" if name else plural
        return self._answer(method, kind, name, **where, url=url, **more)

    def _answer(self, method: str, kind: str, name: str = "", **asked: Any) -> str:
        import httpx
        import kr8s

        async def ask() -> str:
            async with self._api.call_api(method, **asked) as response:
                return str(response.text)

        try:
            return self._portal.call(ask)
        except kr8s.ServerError as error:
            raise self._refusal(error, method, kind, name) from None
        except (httpx.HTTPError, kr8s.APITimeoutError, OSError) as error:
            raise NoAnswer(_silence(self._api, error)) from None

    def _refusal(self, error: kr8s.ServerError, method: str, kind: str, name: str) -> DtperfError:
        code = error.response.status_code if error.response is not None else 500
        text, what = str(error), f"{kind} {name}".strip()
        if code == 404 and kind.startswith("Dask") and not name:
            return ConfigError(
                f"Kubernetes knows no {kind}: the dask-kubernetes operator is not installed there: "
                "ask its admin to install it (Helm chart dask-kubernetes-operator)"
            )
        if code == 404 and method == "POST":
            return ConfigError(f"namespace: {self.namespace}: {text}")
        if code == 404:
            return NotThere(f"{what}: is not in the namespace {self.namespace}: {text}")
        if code == 409 and method == "POST":
            return AlreadyThere(f"{what}: {text}")
        if code == 403 and "exceeded quota" in text:
            return DtperfError(f"the quota of the namespace {self.namespace} is used up: {text}")
        if code == 401:
            return ConfigError(f"the credentials in KUBECONFIG are refused; renew them: {text}")
        if code == 403:
            return ConfigError(f"not allowed in the namespace {self.namespace}: {text}")
        return DtperfError(f"the API server refuses {method} {what}: {text}")


@contextmanager
def api_server(namespace: str) -> Iterator[ApiServer]:
    """Connect to the API server that KUBECONFIG or the pod we are in names.

    Raises:
        ConfigError: None is named, or kr8s is not there.
        DtperfError: It does not answer.
    """
    try:
        import kr8s
        from anyio.from_thread import start_blocking_portal
    except ImportError:
        raise ConfigError(f"kubernetes: needs kr8s: {install_command('clusters')}") from None
    with start_blocking_portal() as portal:
        api = portal.call(_opened, kr8s.Api)
        try:
            yield ApiServer(api, portal, namespace)
        finally:
            # kr8s leaves its connections to the garbage collector
            if session := api._session:
                portal.call(session.aclose)


async def _opened(kind: type[kr8s.Api]) -> kr8s.Api:
    """Read the credentials."""
    import yaml

    # kr8s.api() would wait without end for the version, and warn of any but the newest
    api = kind(bypass_factory=True, kubeconfig=os.environ.get("KUBECONFIG"))
    api.timeout = ANSWER_S
    try:
        await api.auth.reauthenticate()
        urlsplit(str(api.auth.server)).port  # noqa: B018  # ValueError, if it can be no address
    except (OSError, subprocess.SubprocessError, yaml.YAMLError, KeyError, ValueError) as error:
        raise ConfigError(f"{NO_CLUSTER} ({error})") from None
    except (TypeError, AttributeError, IndexError):
        raise ConfigError(f"{os.environ.get('KUBECONFIG')}: is no kubeconfig file") from None
    return api


def _silence(api: kr8s.Api, error: Exception) -> str:
    if isinstance(error, ssl.SSLError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"{api.auth.server}: its certificate is not that of KUBECONFIG: {error}"
    return (
        f"the Kubernetes API server {api.auth.server} does not answer: "
        f"{str(error) or type(error).__name__}: is KUBECONFIG right, and the network up?"
    )
