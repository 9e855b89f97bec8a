"""Pods of workers that end, and what they said: ``watch_pods(config)``."""

from __future__ import annotations

from contextlib import suppress

from dtperf.errors import DtperfError
from dtperf.execution.clusters.apiserver import api_server
from dtperf.execution.clusters.deaths import WorkerDeath, WorkersSeen, WorkerWatch
from dtperf.execution.clusters.model import Pods
from dtperf.execution.clusters.podstatus import read_pods

__all__ = ["watch_pods"]

LINES = 10


def watch_pods(config: Pods) -> WorkerWatch:
    """Watch the worker pods of a cluster."""

    def see() -> WorkersSeen:
        with api_server(config.namespace) as server:
            pods = [pod for pod in read_pods(server, config.name) if pod.part == "worker"]
        deaths, stuck = [], [pod for pod in pods if pod.is_stuck]
        for pod in pods:
            why = f"{pod.state}: {pod.message}"
            ends = enumerate(pod.ends)
            deaths += [WorkerDeath(f"{pod.uid}/{n}", pod.name, why, its) for n, its in ends]
        deaths += [
            WorkerDeath(f"{pod.uid}/start", pod.name, f"{pod.state}: {pod.message}", None)
            for pod in stuck
        ]
        others = [pod for pod in pods if not pod.is_stuck and not pod.has_ended]
        return WorkersSeen(deaths, bool(stuck) and not others)

    def last_words(death: WorkerDeath) -> str:
        with suppress(DtperfError), api_server(config.namespace) as server:
            return server.logs(death.name, LINES).rstrip()
        return ""

    return WorkerWatch(config.workers, see, last_words)
