"""Workers for a while: ``dtperf.cluster("slurm.yaml")``, over a notebook's cells or in a `with`."""

from __future__ import annotations

import weakref
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from dtperf.errors import ConfigError
from dtperf.execution.clusters.dashboard import dashboard_of
from dtperf.execution.clusters.lifecycle import OnWait, Source, running
from dtperf.execution.clusters.load import load_cluster
from dtperf.process import stoppable

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["StartedCluster", "cluster"]


class StartedCluster:
    """Workers that run until `close`, the end of a `with`, or that of the Python process."""

    def __init__(self, source: Source, on_wait: OnWait = lambda _: None) -> None:
        """Start them, as `cluster` does."""
        self.config = load_cluster(source)
        self.name = str(source) if isinstance(source, str | Path) else self.config.kind
        context = running(source, on_wait)
        started = context.__enter__()
        self.client = started.client
        """The Dask client that is connected to them."""
        self._scale = started.scale
        # a notebook's cell that is run again drops the cluster that it has made before
        self._finalizer = weakref.finalize(self, context.__exit__, None, None, None)

    def __enter__(self) -> Client:
        return self.client

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers; those that `dtperf cluster up` has started stay up."""
        self._finalizer()

    def scale(self, workers: int) -> None:
        """Ask for another number of workers, and do not wait for them.

        Raises:
            ConfigError: The number is negative, the cluster is closed, or others have started it.
        """
        if not self._finalizer.alive:
            raise ConfigError("the cluster is closed: start another one")
        if workers < 0:
            raise ConfigError(f"workers: {workers} is negative")
        self._scale(workers)

    @property
    def dashboard_link(self) -> str:
        """Address of Dask's dashboard; empty if there is none that can be seen from here."""
        return dashboard_of(self.client) if self._finalizer.alive else ""

    @property
    def sends_credentials(self) -> bool:
        """Whether workers get our proxy and token, as the cluster's file says."""
        return self.config.send_credentials

    def _workers(self) -> str:
        if not self._finalizer.alive:
            return "closed"
        if self.client.status != "running":
            return "the connection to the scheduler is lost"
        cores = self.client.nthreads().values()
        return f"workers: {len(cores)}, cores: {sum(cores)}"

    def __repr__(self) -> str:
        link = self.dashboard_link
        return f"<dtperf.cluster {self.name}: {self._workers()}{link and f', {link}'}>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        link = escape(self.dashboard_link)
        shown = f' · <a href="{link}" target="_blank">dashboard</a>' if link else ""
        return f"<b>{escape(self.name)}</b>: {escape(self._workers())}{shown}"


@stoppable("while the workers were started: they are ended")
def cluster(source: Source, on_wait: OnWait = lambda _: None) -> StartedCluster:
    """Start a cluster, wait for its workers, see that they run what runs here.

    One that `dtperf cluster up` has started is used, and stays up.

    Args:
        source: What `dtperf.execution.clusters.load_cluster` takes.
        on_wait: Called while workers are waited for.

    Returns:
        The cluster, which `dtperf.run` takes. It ends with `close()`, with the Python process, or
        at the end of ``with dtperf.cluster(…) as client:``, which gives its Dask client.

    Raises:
        ConfigError: The config is wrong, or something that it needs is not there.
        DtperfError: It does not start, no worker comes in time, or they run other software.
        Stopped: Ctrl-C came.
    """
    return StartedCluster(source, on_wait)
