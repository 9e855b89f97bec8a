"""What dtperf may have to ask Kubernetes for: ``missing(server)``.

The list is that of the Helm chart, which gives these rights to users.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import yaml

from dtperf.config.load import packaged
from dtperf.errors import DtperfError
from dtperf.execution.clusters.apiserver import ApiServer

__all__ = ["Right", "missing", "of_rules", "rights"]


class Right(NamedTuple):
    """To do one thing with all objects of a kind in a namespace."""

    group: str
    """Empty for Kubernetes' own."""
    resource: str
    """Such as pods/log."""
    verb: str

    @property
    def of(self) -> str:
        """The kind, as kubectl calls it, such as networkpolicies.networking.k8s.io."""
        return f"{self.resource}.{self.group}".rstrip(".")


def rights() -> tuple[Right, ...]:
    """Return all that dtperf's calls need, as the chart gives it.

    Raises:
        DtperfError: The chart is not installed with dtperf.
    """
    file = packaged("helm/dtperf/files").get("rules")
    if file is None:
        raise DtperfError(
            "configs/helm/dtperf/files/rules.yaml: is missing: install the package anew"
        )
    return tuple(of_rules(yaml.safe_load(file.read_text(encoding="utf-8"))))


def of_rules(rules: Iterable[dict[str, Any]]) -> Iterable[Right]:
    """Yield each right that the rules of a Role give."""
    for rule in rules:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    yield Right(group, resource, verb)


def missing(server: ApiServer) -> list[Right]:
    """Return what we may not do in the server's namespace, of all that dtperf may do there."""
    return [right for right in rights() if not _is_allowed(server, right)]


def _is_allowed(server: ApiServer, right: Right) -> bool:
    """Ask the API server whether we have a right in its namespace."""
    resource, _, part = right.resource.partition("/")
    asked = {
        "namespace": server.namespace,
        "group": right.group,
        "resource": resource,
        "subresource": part,
        "verb": right.verb,
    }
    review = server.create(
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked},
        }
    )
    return bool(review["status"]["allowed"])
