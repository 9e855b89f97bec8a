"""How the pods of a cluster do, and why they do not: ``wait_for_scheduler(server, config)``."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from dtperf.errors import ConfigError, DtperfError
from dtperf.execution.clusters.apiserver import ApiServer, NotThere, Object
from dtperf.execution.clusters.manifest import CLUSTER_LABEL, COMPONENT_LABEL
from dtperf.execution.clusters.model import InterLink, Kubernetes
from dtperf.execution.clusters.podspecs import inside_address, scheduler_image

__all__ = ["Pod", "problems_of", "read_pods", "wait_for_scheduler", "why_it_stays"]

LOOK_S = 1.0
LINES = 5
NO_IMAGE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
FATAL = (*NO_IMAGE, "CreateContainerConfigError", "CreateContainerError", "CrashLoopBackOff")
"""Why a container does not start, where waiting does not help."""
UNSCHEDULABLE = "Unschedulable"
PLAUSIBLE = 2000
"""No job of ours began before this year."""


class Pod(NamedTuple):
    """A pod of a cluster."""

    name: str
    part: str
    """Either scheduler or worker."""
    node: str
    """Empty as long as it has none."""
    phase: str
    """Pending, Running, Succeeded, Failed or Unknown."""
    state: str
    """Phase, or why its container waits or has ended, such as ImagePullBackOff."""
    message: str
    is_ready: bool
    host: str
    """Address of its node; empty as long as it has none."""
    uid: str = ""
    is_ending: bool = False
    """It is to be deleted."""
    ends: tuple[float | None, ...] = ()
    """How long each of its containers lived that have ended, in seconds; None if nobody knows."""

    @property
    def is_stuck(self) -> bool:
        """Whether it will not start, however often it is tried."""
        return self.state in FATAL and self.state not in ("ErrImagePull", "CrashLoopBackOff")

    @property
    def has_ended(self) -> bool:
        """Whether it will not run again."""
        return self.phase in ("Failed", "Succeeded")


def read_pods(server: ApiServer, name: str) -> list[Pod]:
    """List the pods of a cluster, the scheduler first."""
    found = [_pod(one) for one in server.list("Pod", {CLUSTER_LABEL: name})]
    return sorted(found, key=lambda pod: (pod.part, pod.name))


def _pod(one: Object) -> Pod:
    status = one.get("status", {})
    phase, message = status.get("phase", "Pending"), status.get("message", "")
    state = status.get("reason") or phase
    conditions = {c["type"]: c for c in status.get("conditions") or []}
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        state, message = scheduled.get("reason", state), scheduled.get("message", "")
    for container in status.get("containerStatuses") or []:
        now = container.get("state", {})
        why = now.get("waiting") or now.get("terminated")
        if why:
            state = why.get("reason", state)
            message = why.get("message") or _exit_of(why)
    return Pod(
        name=one["metadata"]["name"],
        part=one["metadata"].get("labels", {}).get(COMPONENT_LABEL, ""),
        node=one.get("spec", {}).get("nodeName", ""),
        phase=phase,
        state=state,
        message=message,
        is_ready=conditions.get("Ready", {}).get("status") == "True",
        host=status.get("hostIP", ""),
        uid=one["metadata"].get("uid") or one["metadata"]["name"],
        is_ending="deletionTimestamp" in one["metadata"],
        ends=tuple(_ends(one)),
    )


def _ends(one: Object) -> Iterator[float | None]:
    """Yield how long each container lived that has ended; of the earlier ones only how many."""
    status = one.get("status", {})
    containers = status.get("containerStatuses") or []
    for container in containers:
        restarts = container.get("restartCount", 0)
        yield from [None] * restarts
        if ended := container.get("state", {}).get("terminated"):
            yield _seconds(ended.get("startedAt"), ended.get("finishedAt"))
    if not containers and status.get("phase") == "Failed":
        yield None


def _seconds(begin: str | None, end: str | None) -> float | None:
    with suppress(ValueError):
        first, last = (datetime.fromisoformat(text or "") for text in (begin, end))
        if first.year > PLAUSIBLE:  # some plugins do not know when a job began
            return (last - first).total_seconds()
    return None


def _exit_of(why: Object) -> str:
    return f"exit code {why['exitCode']}" if "exitCode" in why else ""


def problems_of(server: ApiServer, name: str, pods: Iterable[Pod], part: str = "") -> Iterator[str]:
    """Yield why pods are not there, or do not start.

    Args:
        server: Of the cluster's namespace.
        name: Of the cluster.
        pods: As they are now.
        part: Only of scheduler or worker; empty: of both.
    """
    pods = [pod for pod in pods if part in ("", pod.part)]
    labels = {CLUSTER_LABEL: name} | ({COMPONENT_LABEL: part} if part else {})
    deployments: list[Object] = []
    with suppress(ConfigError):  # not everybody may look at them
        deployments = server.list("Deployment", labels)
    for deployment in deployments:
        for condition in deployment.get("status", {}).get("conditions") or []:
            if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
                yield _refusal(server, deployment["metadata"]["name"], condition["message"])
    for pod in pods:
        if pod.state in (*FATAL, UNSCHEDULABLE):
            yield f"{pod.name}: {pod.state}: {pod.message}"
    if ended := [pod for pod in pods if pod.has_ended]:
        last = ended[-1]
        yield f"{len(ended)} pods have ended; {last.name}: {last.state}: {last.message}"


def _refusal(server: ApiServer, name: str, message: str) -> str:
    if "exceeded quota" in message:
        return f"{name}: the quota of the namespace {server.namespace} is used up: {message}"
    return f"{name}: Kubernetes refuses the pod: {message}"


def wait_for_scheduler(server: ApiServer, config: Kubernetes | InterLink) -> str:
    """Wait until the scheduler is ready.

    Returns:
        Where workers and client reach it.

    Raises:
        DtperfError: It cannot start, or not within `wait_s`; the message says why.
    """
    begin = time.monotonic()
    while True:
        phase = server.get("DaskCluster", config.name).get("status", {}).get("phase", "")
        schedulers = [pod for pod in read_pods(server, config.name) if pod.part == "scheduler"]
        _give_up_if_fatal(server, config, phase, schedulers)
        ready = next((pod for pod in schedulers if pod.is_ready), None)
        if ready and (address := _address(server, config, ready)):
            return address
        if time.monotonic() - begin > config.wait_s:
            raise DtperfError(
                f"the scheduler of {config.name} is not there after {config.wait_s} s: "
                + _so_far(phase, schedulers)
            )
        # no longer than a tenth of what it has taken so far
        waited = time.monotonic() - begin
        time.sleep(min(max(waited, 1.0) / 10, LOOK_S))


def _give_up_if_fatal(
    server: ApiServer, config: Kubernetes | InterLink, phase: str, schedulers: list[Pod]
) -> None:
    for pod in schedulers:
        if pod.state in NO_IMAGE:
            raise DtperfError(
                f"the image {scheduler_image(config)} is missing: {pod.state}: {pod.message}: is "
                "its name right, and has its registry a need of `pull_secret`?"
            )
        if pod.state == "CrashLoopBackOff":
            raise DtperfError(f"the scheduler fails; its log ends:\n{_end_of_log(server, pod)}")
    # there may be room in a while
    placed = [pod for pod in schedulers if pod.state != UNSCHEDULABLE]
    for problem in problems_of(server, config.name, placed, "scheduler"):
        raise DtperfError(problem)
    if phase == "Error":
        raise DtperfError(f"the operator refuses the cluster {config.name}: see its log")


def _end_of_log(server: ApiServer, pod: Pod) -> str:
    with suppress(DtperfError):
        return server.logs(pod.name, LINES)
    return pod.message


def why_it_stays(server: ApiServer, name: str) -> str:
    """Return what a cluster waits for that is to be deleted."""
    ending = [pod for pod in read_pods(server, name) if pod.is_ending]
    if not ending:
        return "does the operator run?"
    nodes = ", ".join(sorted({pod.node for pod in ending}))
    return (
        f"{len(ending)} pods are Terminating on {nodes}: does that node answer? All goes once it "
        "does, and the workers end by themselves when the scheduler is gone"
    )


def _so_far(phase: str, schedulers: list[Pod]) -> str:
    if not phase:
        return "the dask-kubernetes operator took no notice: does it run, and see this namespace?"
    if not schedulers:
        return f"the operator says {phase}, and there is no pod of the scheduler yet"
    if any(pod.is_ready for pod in schedulers):
        return "it runs, but its Service has no address: has the site LoadBalancers? try NodePort"
    last = schedulers[-1]
    return f"its pod is {last.state}: {last.message}"


def _address(server: ApiServer, config: Kubernetes | InterLink, scheduler: Pod) -> str | None:
    """Return where the scheduler can be reached; None as long as nobody knows."""
    service = config.service
    if service.external_address:
        return service.external_address
    if service.type == "ClusterIP":
        return inside_address(config)
    try:
        outside = server.get("Service", f"{config.name}-outside")
    except NotThere:
        return None
    port = outside["spec"]["ports"][0]
    if service.type == "NodePort":
        return f"tls://{scheduler.host}:{port['nodePort']}"
    given = outside.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    host = next((one.get("hostname") or one.get("ip") for one in given), None)
    return f"tls://{host}:{port['port']}" if host else None
