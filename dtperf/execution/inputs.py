"""The files of a run: opened, and cut into chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

from coffea.processor.executor import WorkItem

from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError
from dtperf.execution.attempt import ChunkProcessor
from dtperf.execution.checkpoint import FILESET, RunDirectory
from dtperf.execution.chunk_meta import ChunkMeta
from dtperf.execution.chunk_sizes import ChunkSizes
from dtperf.execution.planning import (
    WHOLE,
    ReadRanges,
    check_measured,
    event_bytes,
    is_wide,
    plan,
)
from dtperf.execution.pools import Pool
from dtperf.filesets import InputFile, resolve
from dtperf.filesets.check import (
    CheckedFile,
    CheckedFiles,
    RetryPolicy,
    UnreadableFile,
    check_files,
    refusal,
)
from dtperf.filesets.replicas import XCache
from dtperf.nanoaod import ColumnFilter
from dtperf.nanoaod.looking import forget_looked_at, looking_at
from dtperf.nanoaod.open_files import open_here
from dtperf.progress import Progress
from dtperf.results.event_sample import EVENT_BRANCHES, halvings_for
from dtperf.results.ledger import Ledger

__all__ = ["RunInputs", "RunWork", "divide", "look_at", "retry_policy"]

ADAPTED = 4
"""With more chunks a worker they are cut on the way, by the memory that others took."""


class RunInputs(NamedTuple):
    """The files of a run, as they were found."""

    checked: Sequence[CheckedFile]
    problems: Sequence[UnreadableFile]
    """Those that cannot be read."""
    measured: ReadRanges
    """What was read before."""
    cut: Callable[[int], Iterator[WorkItem]]
    """Cuts what is left into chunks of so many events at most."""

    @property
    def files(self) -> list[InputFile]:
        """All of them, those that can be read first."""
        return [*(each.file for each in self.checked), *(each.file for each in self.problems)]


def look_at(
    files: Sequence[InputFile],
    config: AnalysisConfig,
    processor: ChunkProcessor,
    policy: RetryPolicy,
    directory: RunDirectory | None,
    on_progress: Callable[[Progress], None],
) -> RunInputs:
    """Open the files of a run, and see what is left of them to measure.

    Args:
        files: The inputs, as they were given.
        config: The analysis.
        processor: What reads them.
        policy: Where and how often to try.
        directory: Of the run, with what was measured there before; None: it has none.
        on_progress: Told how many are opened.

    Raises:
        ConfigError: Something else was measured before.
        InputError: One cannot be used and `config.run.on_error` is 'stop', or none can; one was
            replaced since it was measured.
    """
    previous = None if directory is None else directory.previous
    measured = ReadRanges(Ledger([]) if previous is None else previous.ledger)
    checked = _check(config, processor, files, policy, on_progress)
    readable = [each.file for each in checked.files]
    check_measured(readable, {file.path for file in files}, measured)
    cut = partial(_plan, config, processor, readable, files, measured)
    return RunInputs(checked.files, _recall(checked.problems, directory), measured, cut)


class RunWork(NamedTuple):
    """What is left to measure."""

    chunks: list[WorkItem]
    """In the order in which they are handed out."""
    expected: int
    """How many there will be when all are cut."""
    events: int
    sizes: ChunkSizes | None
    """Cuts them on the way, by the memory that others took; None: they are as they are."""


def divide(
    found: RunInputs,
    config: AnalysisConfig,
    processor: ChunkProcessor,
    pool: Pool,
    limit_chunks: int | None,
) -> RunWork:
    """Cut what is left into chunks that fit into the memory of a worker.

    Args:
        found: From `look_at`.
        config: The analysis.
        processor: What reads them.
        pool: The workers.
        limit_chunks: Only so many; None: all.
    """
    known = [each.event_bytes for each in found.checked]
    sizes = ChunkSizes(pool.memory, event_bytes(_read_branches(processor), known))
    chunks = list(islice(found.cut(config.run.chunksize or sizes.events), limit_chunks))
    work = RunWork(chunks, len(chunks), sum(map(len, chunks)), None)
    is_free = not (config.run.chunksize or limit_chunks) and pool.threads == 1
    if is_free and len(chunks) > ADAPTED * pool.workers:
        return work._replace(chunks=list(found.cut(WHOLE)), sizes=sizes)
    return work


def retry_policy(config: AnalysisConfig) -> RetryPolicy:
    """Return where and how hard to try to read the files of a run.

    Raises:
        ConfigError: There are no redirectors for the site.
    """
    run = config.run
    cache = XCache(run.cache) if run.cache else None
    return RetryPolicy(run.retries, run.backoff_s, run.timeout_s, _redirectors(config), cache)


def _redirectors(config: AnalysisConfig) -> tuple[str, ...]:
    """List the servers to try beside a file's own.

    Raises:
        ConfigError: There are none for the site.
    """
    lists, site = config.run.redirectors, config.run.site
    if site is not None and site not in lists:
        raise ConfigError(
            f"run.site: no redirectors are given for {site!r}; "
            f"run.redirectors has {', '.join(lists) or 'none'}"
        )
    chosen = lists.values() if site is None else [lists[site]]
    return tuple(url for urls in chosen for url in urls)


def _recall(
    problems: Sequence[UnreadableFile], directory: RunDirectory | None
) -> list[UnreadableFile]:
    """Add what an earlier run in this directory knew of files that cannot be opened now."""
    if directory is None or not (directory.path / FILESET).is_file():
        return [*problems]
    known = {file.path: file for file in resolve(directory.path / FILESET)}
    return [
        problem
        if problem.file.is_counted
        else problem._replace(file=known.get(problem.file.path, problem.file))
        for problem in problems
    ]


def _read_branches(processor: ChunkProcessor) -> frozenset[str]:
    """Name all branches that are read, where a file has them."""
    return processor.columns | _optional_branches(processor)


def _optional_branches(processor: ChunkProcessor) -> frozenset[str]:
    """Name those that a file need not have, the numbers of events among them."""
    return processor.optional_columns.union(EVENT_BRANCHES)


def _check(
    config: AnalysisConfig,
    processor: ChunkProcessor,
    files: Sequence[InputFile],
    policy: RetryPolicy,
    on_progress: Callable[[Progress], None],
) -> CheckedFiles:
    """Open the files of a run.

    Args:
        config: The analysis.
        processor: What reads them.
        files: The inputs.
        policy: Where and how often to try.
        on_progress: Told how many are done.

    Raises:
        InputError: One cannot be used and `config.run.on_error` is 'stop', or none can.
    """
    read = _read_branches(processor)
    forget_looked_at()  # by a run before, which has not read them
    checked = check_files(
        files,
        processor.columns,
        _optional_branches(processor),
        read if is_wide(read) else (),
        policy=policy,
        # those that this thread has read before, or will read next, are opened once
        look=partial(looking_at, known=open_here(), keep=config.run.executor == "iterative"),
        on_checked=lambda n: on_progress(Progress("checking", n, len(files))),
    )
    if checked.problems and (config.run.on_error == "stop" or not checked.files):
        raise refusal(checked.problems, len(files))
    return checked


def _plan(
    config: AnalysisConfig,
    processor: ChunkProcessor,
    files: Iterable[InputFile],
    named: Iterable[InputFile],
    measured: ReadRanges,
    chunksize: int,
) -> Iterator[WorkItem]:
    """Cut files into chunks that are still to be measured.

    Args:
        config: The analysis.
        processor: What reads them.
        files: Those that can be read.
        named: The inputs as they were given, before they were opened.
        measured: What is done already.
        chunksize: Events at once.
    """
    files = [*files]
    halvings = halvings_for(sum(file.events for file in files))
    required = tuple(sorted(processor.columns))
    # those of a built fileset were not opened: the worker sees to their branches
    unopened = {file for file in named if file.is_known}

    def carried(file: InputFile) -> ChunkMeta:
        return ChunkMeta(
            bytes=file.bytes,
            cluster=file.cluster,
            replicas=file.replicas,
            required=required if file in unopened else (),
            timeout_s=config.run.timeout_s,
            halvings=halvings,
        )

    columns = ColumnFilter.of(_read_branches(processor))
    return plan(files, measured, chunksize, columns, carried)
