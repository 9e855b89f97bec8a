"""Clusters from start to end: ``with running("slurm.yaml") as cluster: cluster.client``."""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dtperf.errors import ConfigError, DtperfError, DtperfWarning
from dtperf.execution.clusters import persistent
from dtperf.execution.clusters.deaths import look, looked_after
from dtperf.execution.clusters.environment import check_same, ship
from dtperf.execution.clusters.load import load_cluster
from dtperf.execution.clusters.local import local_client
from dtperf.execution.clusters.model import Address, ClusterConfig, HTCondor, Local, Pods, Slurm
from dtperf.execution.clusters.persistent import find_same, last_words, remove, state_folder
from dtperf.execution.clusters.tls import Credentials
from dtperf.execution.takedown import taken_down
from dtperf.process import raise_if_interrupted

if TYPE_CHECKING:
    from distributed import Client
    from distributed.security import Security

__all__ = [
    "OnWait",
    "RunningCluster",
    "Source",
    "StartingCluster",
    "WorkerCount",
    "config_of",
    "connect",
    "running",
    "starting",
    "wait_for_workers",
]

LOOK_S = 0.1
CONNECT_S = 30
LINES = 5


class WorkerCount(NamedTuple):
    """How many workers have come."""

    workers: int
    wanted: int
    """As many as are waited for."""
    seconds: float
    """Since the waiting began."""


OnWait = Callable[[WorkerCount], None]
Source = str | Path | Mapping[str, Any] | ClusterConfig


class RunningCluster(NamedTuple):
    """A cluster that runs."""

    client: Client
    watch: Callable[[int], None]
    """Looks at workers that die."""
    scale: Callable[[int], object]
    """Asks for another number of workers."""


class StartingCluster(NamedTuple):
    """A cluster whose workers have been asked for."""

    config: ClusterConfig
    started: RunningCluster
    folder: Path

    def ready(self, on_wait: OnWait = lambda _: None) -> RunningCluster:
        """Wait for the workers, and see that they run what runs here.

        Raises:
            DtperfError: No worker comes in time, or they run other software.
        """
        wait_for_workers(self.started.client, self.config, on_wait, self.folder)
        check_same(self.started.client)
        return self.started


def config_of(cluster: Source | StartingCluster) -> ClusterConfig:
    """Return the config of a cluster, which may have been started already.

    Raises:
        ConfigError: The config is wrong.
    """
    return cluster.config if isinstance(cluster, StartingCluster) else load_cluster(cluster)


@contextmanager
def running(source: Source, on_wait: OnWait = lambda _: None) -> Iterator[RunningCluster]:
    """Start a cluster, wait for its workers, see that they run what runs here; end it afterwards.

    Args:
        source: What `dtperf.execution.clusters.load_cluster` takes.
        on_wait: Called while workers are waited for.

    Raises:
        ConfigError: The config is wrong, or something that it needs is not there.
        DtperfError: It does not start, no worker comes in time, or they run other software.
    """
    with starting(source) as begun:
        yield begun.ready(on_wait)


@contextmanager
def starting(source: Source | StartingCluster) -> Iterator[StartingCluster]:
    """Start a cluster, and wait for nobody; end it afterwards.

    Args:
        source: What `dtperf.execution.clusters.load_cluster` takes; or one that has been started,
            and is ended by who did that.

    Raises:
        ConfigError: The config is wrong, or something that it needs is not there.
        DtperfError: It does not start.
    """
    if isinstance(source, StartingCluster):
        yield source
        return
    config = load_cluster(source)
    ship(config.ship)
    with taken_down() as stack:
        kept = find_same(source)
        if kept is not None:
            folder = kept.folder
            client = stack.enter_context(connect(kept.address, kept.security))
            started = RunningCluster(client, kept.check, partial(persistent.scale, source))
        else:
            folder = stack.enter_context(_folder_of_a_run(config))
            started = stack.enter_context(_start(config, folder))
        stack.enter_context(looked_after(started.client, started.watch))
        yield StartingCluster(config, started, folder)


@contextmanager
def _start(config: ClusterConfig, folder: Path) -> Iterator[RunningCluster]:
    if isinstance(config, Local):
        with local_client(config.workers, config.memory or "auto") as client:
            yield RunningCluster(client, lambda _: None, client.cluster.scale)
    elif isinstance(config, Address):
        credentials = config.credentials and Credentials.in_folder(
            Path(config.credentials).expanduser()
        )
        with connect(config.address, credentials.security() if credentials else None) as client:
            yield RunningCluster(client, lambda _: None, _not_ours)
    elif isinstance(config, Slurm | HTCondor):
        from dtperf.execution.clusters.batch import batch_cluster
        from dtperf.execution.clusters.jobs import watch_jobs, were_held

        with batch_cluster(config, folder) as started, connect(started) as client:
            yield RunningCluster(client, watch_jobs(config, started, folder), started.scale)
            for number, why in were_held(folder).items():
                held = f"job {number} was held, and its place taken by another: {why}"
                warnings.warn(held, DtperfWarning, stacklevel=2)
    else:
        from dtperf.execution.clusters.pods import pod_cluster, scale
        from dtperf.execution.clusters.podwatch import watch_pods

        with pod_cluster(config, folder) as scheduler, connect(*scheduler) as client:
            yield RunningCluster(client, watch_pods(config), partial(scale, config))


def _not_ours(_workers: int) -> None:
    raise ConfigError("others have started the workers at this address: ask them for more")


@contextmanager
def connect(where: Any, security: Security | None = None) -> Iterator[Client]:
    """Connect to a scheduler.

    Args:
        where: Its address, or a Dask cluster.
        security: For TLS.

    Raises:
        DtperfError: It cannot be reached, or one side refuses the other's certificate.
    """
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    try:
        with warnings.catch_warnings():
            # `check_same` says it in fewer words, of what matters
            warnings.simplefilter("ignore", VersionMismatchWarning)
            client = Client(where, security=security, timeout=CONNECT_S)
    except (OSError, TimeoutError, RuntimeError) as error:
        raise DtperfError(f"{where}: {_why(error)}") from error
    with client:
        yield client


def _why(error: BaseException) -> str:
    links: list[str] = []
    link: BaseException | None = error
    while link is not None:
        links.append(str(link))
        link = link.__cause__ or link.__context__
    text = " ".join(links).lower()
    if "certificate verify failed" in text or "unknown ca" in text or "bad certificate" in text:
        return (
            "the certificates do not fit: those of scheduler and client must be of one cluster, "
            "and not have run out"
        )
    if "plain" in text or "wrong version number" in text or "encryption" in text:
        return (
            "one side speaks TLS and the other does not: use tls:// and the cluster's certificates"
        )
    return "the scheduler cannot be reached: does it run, and does the network let us through?"


def wait_for_workers(
    client: Client, config: ClusterConfig, on_wait: OnWait, folder: Path | None = None
) -> None:
    """Wait until enough workers have come.

    Raises:
        DtperfError: They do not come in time, die young, or the scheduler is gone.
    """
    begin, found = time.monotonic(), 0
    while True:
        look(client, found)
        try:
            found = len(client.nthreads())
        except OSError as error:
            look(client, 0)
            raise DtperfError(f"the connection to the scheduler is lost: {error}") from error
        waited = time.monotonic() - begin
        on_wait(WorkerCount(found, config.min_workers, waited))
        raise_if_interrupted()
        if found >= config.min_workers:
            return
        if waited > config.wait_s:
            raise DtperfError(
                f"{found} of {config.min_workers} workers have come in {config.wait_s} s: "
                f"is the queue full, or the quota used up?{_state(config, folder)}{_log(folder)}"
            )
        time.sleep(LOOK_S)


def _state(config: ClusterConfig, folder: Path | None) -> str:
    """Return what Kubernetes or a batch system has against the workers, or what they wait for."""
    with suppress(DtperfError):
        if isinstance(config, Slurm | HTCondor) and folder:
            from dtperf.execution.clusters.jobs import states_of_jobs

            return _lines(type(config).__name__, states_of_jobs(config, folder))
        if isinstance(config, Pods):
            from dtperf.execution.clusters.pods import status

            if (found := status(config)) is None:
                return "\nKubernetes: the cluster is gone"
            pods = [pod for pod in found.pods if pod.part == "worker"]
            states = [f"{pod.name} is {pod.state} {pod.message}" for pod in pods]
            return _lines("Kubernetes", found.problems or states[-1:])
    return ""


def _lines(who: str, messages: Iterable[str]) -> str:
    return "".join(f"\n{who}: {each.rstrip()}" for each in messages)


def _log(folder: Path | None) -> str:
    words = last_words(folder, LINES) if folder else ""
    return f"\nThe newest log of a worker ends:\n{words}" if words else ""


@contextmanager
def _folder_of_a_run(config: ClusterConfig) -> Iterator[Path]:
    """Make a folder that goes with the cluster."""
    base = state_folder(getattr(config, "folder", None))
    folder = Path(tempfile.mkdtemp(prefix=f"{config.kind}-", dir=base))
    try:
        yield folder
    finally:
        remove(folder)
