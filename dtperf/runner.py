"""Run an analysis: config, files and workers to a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from coffea.processor.executor import WorkItem

from dtperf.books import Books
from dtperf.checkpoint import FILESET, RunDirectory, open_run
from dtperf.chunksize import LARGEST, events_at_once
from dtperf.clusters.load import load_cluster
from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError
from dtperf.executors import ChunkExecutor, Progressed, Workplace, worker_pool
from dtperf.filesets import InputFile, resolve, write
from dtperf.identity import code_version
from dtperf.ledger import Ledger
from dtperf.meter import Meter, Progress
from dtperf.nanoaod import ColumnFilter
from dtperf.planning import Measured, check_measured, plan
from dtperf.pools import Pool
from dtperf.preflight import Checked, Patience, Problem, check_files, refusal
from dtperf.reading import ChunkRunner
from dtperf.results import Result
from dtperf.sources import Turns, sources
from processors.segment_efficiency import SegmentEfficiency

__all__ = ["Progress", "run"]


def run(
    config: AnalysisConfig,
    inputs: str | Path | Iterable[str | Path],
    *,
    out: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    client: Any = None,
    cluster: str | Path | Mapping[str, Any] | None = None,
    performance_report: Path | None = None,
    limit_files: int | None = None,
    limit_chunks: int | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Result:
    """Measure all events of the inputs.

    Args:
        config: The analysis; `config.run` says where the work is done, and what happens when it
            fails.
        inputs: What `dtperf.filesets.resolve` takes.
        out: Directory for the result, which is saved as the work goes on, so that a run that ends
            early can be resumed; None: the result is only returned.
        resume: Go on with what an earlier run of the same config and code has measured in `out`.
        force: Replace what is in `out`.
        client: A connected Dask client to work on, instead of `config.run.executor`.
        cluster: Where Dask workers come from instead, as `dtperf.cluster` takes it; it is started
            when the files are checked, and ended with the run.
        performance_report: HTML file for Dask's own report of the run.
        limit_files: Take only the first files.
        limit_chunks: Take only the first chunks of events, all files counted together.
        on_progress: Called as files are checked and chunks are done.

    Returns:
        The result; equal files and configs give equal counts, however the work was done, and how
        often it was interrupted.

    Raises:
        InputError: A file cannot be used, and `config.run.on_error` is 'stop'.
        ConfigError: The inputs, the directory or the cluster cannot be used.
        DtperfError: The cluster does not come up, or is lost.
    """
    if cluster is not None:
        load_cluster(cluster)  # a mistake in it shall show before files are checked
    place = Workplace(client, cluster, performance_report)
    with ExitStack() as stack:
        directory = None
        if out is not None:
            opened = open_run(out, config, code_version(), resume=resume, force=force)
            directory = stack.enter_context(opened)
        return _run(config, inputs, directory, place, slice(limit_files), limit_chunks, on_progress)


def _run(
    config: AnalysisConfig,
    inputs: str | Path | Iterable[str | Path],
    directory: RunDirectory | None,
    place: Workplace,
    files_taken: slice,
    limit_chunks: int | None,
    on_progress: Callable[[Progress], None],
) -> Result:
    processor = SegmentEfficiency(config)
    meter = Meter(on_progress)
    books = Books(config, directory, meter.note)
    previous = directory.previous if directory else None
    measured = Measured(previous.ledger if previous else Ledger([]))
    files = resolve(inputs, config.input.tree, config.run.timeout_s)[files_taken]
    checked = _check(config, processor, files, on_progress)
    readable = [each.file for each in checked.files]
    check_measured(readable, {file.path for file in files}, measured)
    problems = _recall(checked.problems, directory)
    planned = partial(_plan, config, processor, readable, files, measured)
    if directory is not None:
        _describe(directory, [*readable, *(problem.file for problem in problems)])
    for problem in problems:
        books.skip_file(problem, measured.left(problem.file))
    for each in checked.files:
        if not each.file.entries and each.file not in measured:
            books.note_empty(each)
    try:
        if any(True for _ in planned(LARGEST)):
            with worker_pool(config, place, meter.wait) as pool:
                size = config.run.chunksize or events_at_once(pool.memory)
                chunks = list(islice(planned(size), limit_chunks))
                books.begin_measuring()
                meter.begin(sum(map(len, chunks)), pool.dashboard)
                _measure(config, processor, chunks, pool, books)
    except BaseException:
        # whatever has ended it: what is measured is measured
        books.save()
        raise
    result = books.result()
    if directory is not None:
        directory.finish(result)
    return result


def _check(
    config: AnalysisConfig,
    processor: SegmentEfficiency,
    files: Sequence[InputFile],
    on_progress: Callable[[Progress], None],
) -> Checked:
    checked = check_files(
        files,
        processor.columns,
        processor.optional_columns,
        patience=Patience(
            config.run.retries, config.run.backoff_s, config.run.timeout_s, _redirectors(config)
        ),
        on_checked=lambda n: on_progress(Progress("checking", n, len(files))),
    )
    if checked.problems and (config.run.on_error == "stop" or not checked.files):
        raise refusal(checked.problems, len(files))
    return checked


def _redirectors(config: AnalysisConfig) -> tuple[str, ...]:
    """List the servers to try beside a file's own."""
    lists, site = config.run.redirectors, config.run.site
    if site is not None and site not in lists:
        raise ConfigError(
            f"run.site: no redirectors are given for {site!r}; "
            f"run.redirectors has {', '.join(lists) or 'none'}"
        )
    chosen = lists.values() if site is None else [lists[site]]
    return tuple(url for urls in chosen for url in urls)


def _plan(
    config: AnalysisConfig,
    processor: SegmentEfficiency,
    files: Iterable[InputFile],
    named: Iterable[InputFile],
    measured: Measured,
    chunksize: int,
) -> Iterator[WorkItem]:
    required = tuple(sorted(processor.columns))
    # those of a built fileset were not opened: the worker sees to their branches
    unopened = {file for file in named if file.is_known}

    def carried(file: InputFile) -> dict[str, Any]:
        return {
            "bytes": file.bytes,
            "cluster": file.cluster,
            "replicas": file.replicas,
            "required": required if file in unopened else (),
            "timeout_s": config.run.timeout_s,
        }

    columns = ColumnFilter.of(processor.columns | processor.optional_columns)
    return plan(files, measured, chunksize, columns, carried)


def _recall(problems: Sequence[Problem], directory: RunDirectory | None) -> list[Problem]:
    """Add what an earlier run in this directory knew of files that cannot be opened now."""
    if directory is None or not (directory.path / FILESET).is_file():
        return [*problems]
    known = {file.path: file for file in resolve(directory.path / FILESET)}
    return [
        problem._replace(file=known.get(problem.file.path, problem.file)) for problem in problems
    ]


def _describe(directory: RunDirectory, files: Sequence[InputFile]) -> None:
    """Write down what is to be measured, for `dtperf status` and `dtperf fileset retry`."""
    write(directory.path / FILESET, files)
    directory.describe(
        {
            "files": len(files),
            "events": sum(file.events for file in files),
        }
    )


def _measure(
    config: AnalysisConfig,
    processor: SegmentEfficiency,
    chunks: Sequence[WorkItem],
    pool: Pool,
    books: Books,
) -> None:
    redirectors = _redirectors(config)

    def turns(item: WorkItem) -> Turns:
        addresses = sources(item.filename, item.usermeta["replicas"], redirectors)
        return Turns(addresses, config.run.retries, config.run.backoff_s)

    def note(progressed: Progressed) -> None:
        books.workers = max(books.workers, pool.workers)
        books.add(progressed)

    executor = ChunkExecutor(pool=pool, turns=turns, on_progress=note)
    ChunkRunner(executor=executor, processor_compression=None).run(list(chunks), processor)
