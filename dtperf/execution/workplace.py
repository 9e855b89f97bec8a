"""The workers of a run: those that its config asks for, a cluster's, or those of a client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from loky import cpu_count

from dtperf.errors import ConfigError
from dtperf.execution.pools import InProcessPool, Pool, ProcessPool
from dtperf.execution.takedown import taken_down
from dtperf.extras import install_command

if TYPE_CHECKING:
    from dtperf.config import AnalysisConfig
    from dtperf.execution.clusters.lifecycle import WorkerCount

__all__ = ["Workplace", "cores_expected", "worker_pool"]


class Workplace(NamedTuple):
    """Where to work, if not as the config says."""

    client: Any = None
    """A connected Dask client."""
    cluster: Any = None
    """What `dtperf.cluster` takes; or what `clusters.lifecycle.starting` gives."""
    report: Path | None = None
    """Where to write Dask's own report of the run."""
    lends: bool = False
    """Whether the client's workers get our proxy and token."""


def cores_expected(config: AnalysisConfig, workplace: Workplace) -> int:
    """Return how many chunks will be worked on at a time, before `worker_pool` has any worker."""
    if workplace.client is not None:
        return max(1, int(sum(workplace.client.nthreads().values())))
    if workplace.cluster is not None:
        from dtperf.execution.clusters.lifecycle import config_of

        cluster = config_of(workplace.cluster)
        return cluster.workers * int(getattr(cluster, "cores", 1))
    return 1 if config.run.executor == "iterative" else config.run.workers or cpu_count()


@contextmanager
def worker_pool(
    config: AnalysisConfig,
    workplace: Workplace = Workplace(),  # noqa: B008  # it is frozen
    on_wait: Callable[[WorkerCount], None] = lambda _: None,
) -> Iterator[Pool]:
    """Provide the workers that a config asks for, and end them afterwards.

    Args:
        config: The analysis; `run.executor`, `run.workers` and `run.memory_per_worker` count.
        workplace: Where to work instead.
        on_wait: Called while workers of a cluster are waited for.

    Raises:
        ConfigError: A report is wanted of workers that are not Dask's, or without bokeh.
        DtperfError: Scheduler or workers do not come, or run other software.
    """
    workers = config.run.workers or cpu_count()  # those that this process may use
    with taken_down() as stack:
        if workplace.client is not None:
            from dtperf.execution.clusters.environment import check_same

            check_same(workplace.client)
            yield stack.enter_context(
                _of_dask(workplace.client, workplace.report, lends=workplace.lends)
            )
        elif workplace.cluster is not None:
            from dtperf.execution.clusters.lifecycle import starting

            begun = stack.enter_context(starting(workplace.cluster))
            client, lends = begun.ready(on_wait).client, begun.config.send_credentials
            yield stack.enter_context(_of_dask(client, workplace.report, lends=lends))
        elif config.run.executor == "dask":
            from dtperf.execution.clusters import local_client
            from dtperf.execution.clusters.lifecycle import WorkerCount

            memory = config.run.memory_per_worker or "auto"
            begin = time.monotonic()
            on_wait(WorkerCount(0, workers, 0.0))
            client = stack.enter_context(local_client(workers, memory))
            on_wait(WorkerCount(workers, workers, time.monotonic() - begin))
            yield stack.enter_context(_of_dask(client, workplace.report))
        elif workplace.report is not None:
            raise ConfigError(
                "a performance report is made by Dask: use a cluster, or run.executor: dask"
            )
        elif config.run.executor == "iterative":
            yield InProcessPool(workers)
        else:
            yield stack.enter_context(closing(ProcessPool(workers)))


@contextmanager
def _of_dask(client: Any, report: Path | None, *, lends: bool = False) -> Iterator[Pool]:
    from dtperf.execution.dask_pool import DaskPool

    with _reported(report), closing(DaskPool(client, lends=lends)) as pool:
        yield pool


def _reported(path: Path | None) -> AbstractContextManager[object]:
    if path is None:
        return nullcontext()
    if find_spec("bokeh") is None:
        raise ConfigError(f"a performance report needs bokeh: {install_command('clusters')}")
    from distributed import performance_report

    report: AbstractContextManager[object] = performance_report(filename=str(path))
    return report
