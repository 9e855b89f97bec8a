"""The state of a run in Prometheus' text format, of its directory or kept in a file meanwhile.

Names follow Prometheus' conventions (prometheus.io/docs/practices/naming): base units, and `_total`
at the end of what only grows. Each sample has the label `run`, the name of the directory, so that
files of several runs can lie in one folder of node_exporter's textfile collector.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from dtperf.addresses import hide
from dtperf.errors import ConfigError, DtperfWarning
from dtperf.execution.status import RunStatus, State, sum_up
from dtperf.execution.use import MEGABYTE
from dtperf.files import writable, write_atomic
from dtperf.results.table import printable

if TYPE_CHECKING:
    from prometheus_client import Metric
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    from dtperf.results.result import Result

__all__ = ["RunMetrics", "as_prometheus", "metrics_file"]

MARK = b"# HELP dtperf_"
"""With this a file of ours begins: only these are replaced."""
Samples = list[tuple[Mapping[str, str], float]]
"""Labels and value of each sample of a metric."""


def as_prometheus(status: RunStatus, run: str) -> str:
    """Write the state of a run.

    Args:
        status: What `dtperf.execution.status` sums up.
        run: What tells it from others, such as the name of its directory.

    Returns:
        Text that ends with a line break. There are no secrets in it: of addresses it has servers.
    """
    from prometheus_client import CollectorRegistry, generate_latest

    class Collector:
        def collect(self) -> Iterator[Metric]:
            return _metrics(status, run)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    text: str = generate_latest(registry).decode()
    return text


class RunMetrics:
    """Writes the state of one run to a file, or nowhere."""

    def __init__(self, path: Path | None, run: str) -> None:
        """Begin without any state; `run` is as `as_prometheus` takes it."""
        self._path, self.run = path, run
        self._planned: Mapping[str, int] = {}
        self._newest: Result | None = None

    def begin(self, planned: Mapping[str, int], previous: Result | None) -> None:
        """Tell what is to be measured, and what an earlier run has measured of it."""
        self._planned, self._newest = planned, previous
        self._write("running")

    def update(self, result: Result) -> None:
        """Tell what there is."""
        self._newest = result
        self._write("running")

    def finish(self, result: Result) -> None:
        """Tell that it is complete."""
        self._newest = result
        self._write("complete with gaps" if result.skipped_files else "complete")

    def stop(self) -> None:
        """Tell that it has ended early."""
        self._write("stopped")

    def _write(self, state: State) -> None:
        if self._path is None:
            return
        text = as_prometheus(sum_up(self._newest, self._planned, state), self.run)
        try:
            write_atomic(self._path, text)
        except OSError as error:
            # a run does not end for want of somebody who watches it
            why = f"{self._path}: cannot be written: {error.strerror or error}"
            warnings.warn(f"{why}; the run goes on", DtperfWarning, stacklevel=2)
            self._path = None


@contextmanager
def metrics_file(path: Path | None, out: str | Path | None) -> Iterator[RunMetrics]:
    """Keep the state of a run in a file, which is there whole or not at all.

    Args:
        path: The file; None: nowhere.
        out: Directory of the run.

    Yields:
        What is told of the state.

    Raises:
        ConfigError: It cannot be written at first, or is something else.
    """
    metrics = RunMetrics(path, Path(out or "").absolute().name)
    if path is not None:
        with writable(path):
            if path.exists() and not path.read_bytes().startswith(MARK):
                raise ConfigError(f"{path}: is there already, and no metrics of dtperf's")
            write_atomic(path, as_prometheus(sum_up(None, {}, "running"), metrics.run))
    try:
        yield metrics
    except BaseException:
        metrics.stop()
        raise


def _metrics(status: RunStatus, run: str) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    by_state: Samples = [
        ({"state": state}, float(status.state == state)) for state in get_args(State)
    ]
    events = {"read": status.events_read, "skipped": status.events_skipped}
    chunks = {"read": status.chunks_read, "skipped": status.chunks_skipped}
    files = {"read": status.files_read, "skipped": status.files_skipped}
    causes: Samples = [({"cause": cause}, count) for cause, count in status.causes.items()]
    servers = [({"server": server.name}, server) for server in status.servers]
    left: Samples = [] if status.chunks_left is None else [({}, status.chunks_left)]
    remaining: Samples = [] if status.seconds_left is None else [({}, status.seconds_left)]

    def counter(name: str, about: str, samples: Samples) -> Metric:
        return _filled(CounterMetricFamily, name, about, samples, run)

    def gauge(name: str, about: str, samples: Samples) -> Metric:
        return _filled(GaugeMetricFamily, name, about, samples, run)

    yield gauge("run_state", "1 for the state that the run is in.", by_state)
    yield gauge("events_planned", "Events of all inputs.", [({}, status.events_total)])
    yield gauge("events_left", "Events to be read.", [({}, status.events_left)])
    yield counter("events", "Events that are done with.", _by_status(events))
    yield gauge("chunks_left", "Chunks to be read.", left)
    yield counter("chunks", "Chunks that are done with.", _by_status(chunks))
    yield gauge("files_planned", "Files of all inputs.", [({}, status.files_total)])
    yield counter("files", "Files of which something was read, or skipped.", _by_status(files))
    yield counter("failures", "Chunks and files that were skipped, by cause.", causes)
    yield counter(
        "read_bytes",
        "Compressed bytes that were read.",
        [(labels, round(server.megabytes * MEGABYTE)) for labels, server in servers],
    )
    yield counter(
        "server_events",
        "Events that were read of each server.",
        [(labels, server.events) for labels, server in servers],
    )
    yield counter(
        "server_failures",
        "Chunks and files that were tried there last, and skipped.",
        [(labels, server.failures) for labels, server in servers],
    )
    yield counter(
        "server_retried_chunks",
        "Chunks that were tried more than once, there last.",
        [(labels, server.retried_chunks) for labels, server in servers],
    )
    yield gauge("workers", "Workers that have measured something.", [({}, len(status.workers))])
    yield counter(
        "worker_seconds",
        "Reading and measuring, all workers added up.",
        [({}, status.worker_seconds)],
    )
    yield counter("cpu_seconds", "Of that, on a core.", [({}, status.cost.cpu_seconds)])
    yield counter("measuring_seconds", "Of measuring, in wall time.", [({}, status.seconds)])
    yield gauge("remaining_seconds", "Until the run will be done, as an estimate.", remaining)


def _by_status(counts: Mapping[str, int]) -> Samples:
    return [({"status": status}, count) for status, count in counts.items()]


def _filled(
    family: type[CounterMetricFamily | GaugeMetricFamily],
    name: str,
    about: str,
    samples: Samples,
    run: str,
) -> Metric:
    labels = ["run", *(samples[0][0] if samples else ())]
    metric = family(f"dtperf_{name}", about, labels=labels)
    for given, value in samples:
        metric.add_metric([printable(hide(text)) for text in (run, *given.values())], value)
    return metric
