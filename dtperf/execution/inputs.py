"""The files of a run: opened, and cut into chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from coffea.processor.executor import WorkItem

from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError
from dtperf.execution.attempt import ChunkProcessor
from dtperf.execution.chunk_meta import ChunkMeta
from dtperf.execution.planning import ReadRanges, is_wide, plan
from dtperf.filesets import InputFile
from dtperf.filesets.check import CheckedFiles, RetryPolicy, check_files, refusal
from dtperf.filesets.replicas import XCache
from dtperf.nanoaod import ColumnFilter
from dtperf.nanoaod.looking import forget_looked_at, looking_at
from dtperf.nanoaod.open_files import open_here
from dtperf.progress import Progress
from dtperf.results.event_sample import EVENT_BRANCHES, halvings_for

__all__ = ["check_inputs", "plan_inputs", "read_branches", "retry_policy"]


def read_branches(processor: ChunkProcessor) -> frozenset[str]:
    """Name all branches that are read, where a file has them."""
    return processor.columns | _optional_branches(processor)


def _optional_branches(processor: ChunkProcessor) -> frozenset[str]:
    """Name those that a file need not have, the numbers of events among them."""
    return processor.optional_columns.union(EVENT_BRANCHES)


def check_inputs(
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
    read = read_branches(processor)
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


def plan_inputs(
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

    columns = ColumnFilter.of(read_branches(processor))
    return plan(files, measured, chunksize, columns, carried)
