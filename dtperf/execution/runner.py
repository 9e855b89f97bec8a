"""Run an analysis: config, files and workers to a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from coffea.processor.executor import WorkItem

from dtperf.addresses import is_remote
from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError, Stopped
from dtperf.execution.attempt import ChunkProcessor
from dtperf.execution.checkpoint import FILESET, RunDirectory, open_run
from dtperf.execution.chunk_meta import meta_of
from dtperf.execution.chunk_sizes import ChunkSizes
from dtperf.execution.chunks import ChunkRunner
from dtperf.execution.clusters.client import connected, is_running
from dtperf.execution.credentials import find, in_addresses, warnings
from dtperf.execution.estimate import seconds_needed
from dtperf.execution.executor import ChunkExecutor, Update, Workplace, cores_expected, worker_pool
from dtperf.execution.inputs import check_inputs, plan_inputs, read_branches, retry_policy
from dtperf.execution.metrics import RunMetrics, metrics_file
from dtperf.execution.planning import (
    LARGEST,
    WHOLE,
    ReadRanges,
    check_measured,
    event_bytes,
)
from dtperf.execution.pools import Pool
from dtperf.execution.processor import portable
from dtperf.execution.progress import ProgressReporter
from dtperf.execution.provenance import code_version
from dtperf.execution.record import RunRecord
from dtperf.filesets import InputFile, resolve, write
from dtperf.filesets.check import RetryPolicy, UnreadableFile
from dtperf.filesets.replicas import Replicas
from dtperf.nanoaod.looking import forget_looked_at
from dtperf.process import is_interrupt, stoppable
from dtperf.progress import Progress
from dtperf.results.ledger import Ledger
from dtperf.results.result import Result

__all__ = ["Job", "Progress", "run"]

ADAPTED = 4
"""With more chunks a worker they are cut on the way, by the memory that others took."""


class Job(NamedTuple):
    """What is done with the chunks."""

    processor: ChunkProcessor
    receive: Callable[[Any], None] = lambda _: None
    """Called with each sum of the processor's outputs, of which it may take its part; or None."""
    finish: Callable[[Result], None] = lambda _: None
    """Called when all is saved, while the directory is locked."""


@stoppable("before any event was measured")
def run(
    config: AnalysisConfig,
    inputs: str | Path | Iterable[str | Path],
    *,
    out: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    processor: Any = None,
    client: Any = None,
    cluster: Any = None,
    performance_report: Path | None = None,
    metrics: Path | None = None,
    limit_files: int | None = None,
    limit_chunks: int | None = None,
    job: Callable[[AnalysisConfig, RunDirectory | None], Job] | None = None,
    clear: Callable[[Path], None] = lambda _: None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Result:
    """Measure all events of files, as `dtperf.api.run` does, which describes what is not said here.

    `job` makes what is done with each chunk in the place of a processor, once the directory is
    locked; `clear` removes what else there may be in the directory, see `open_run`.
    """
    if isinstance(processor, str):
        config = config.model_copy(update={"processor": processor})
    processor = config.processor if processor is None else processor
    # mistakes in these shall show before files are checked
    if isinstance(client, str):
        client, cluster = None, client
    given = next((each for each in (client, cluster) if is_running(each)), client)
    if given is None and cluster is not None:
        from dtperf.execution.clusters.lifecycle import config_of

        config_of(cluster)
    if metrics is not None and out is None:
        raise ConfigError("metrics: tell of what is saved: give out=…, too")
    code = code_version()
    if job is None:
        made = portable(processor, config)
        code = code_version(made.label)

        def job(_config: AnalysisConfig, _directory: RunDirectory | None) -> Job:
            return Job(made)

    with ExitStack() as stack:
        if given is not None:
            client, cluster = stack.enter_context(connected(given)), None
        lends = getattr(given, "sends_credentials", False)
        workplace = Workplace(client, cluster, performance_report, lends)
        directory = None
        if out is not None:
            opened = open_run(out, config, code, resume=resume, force=force, clear=clear)
            directory = stack.enter_context(opened)
        limits = (slice(limit_files), limit_chunks)
        with metrics_file(metrics, out) as told:
            return _run(config, inputs, directory, workplace, *limits, job, code, told, on_progress)


def _run(
    config: AnalysisConfig,
    inputs: str | Path | Iterable[str | Path],
    directory: RunDirectory | None,
    workplace: Workplace,
    files_taken: slice,
    limit_chunks: int | None,
    make_job: Callable[[AnalysisConfig, RunDirectory | None], Job],
    code: str,
    metrics: RunMetrics,
    on_progress: Callable[[Progress], None],
) -> Result:
    job = make_job(config, directory)
    processor = job.processor
    reporter = ProgressReporter(on_progress)
    record = RunRecord(config, directory, reporter.note, code, metrics.update)
    previous = None if directory is None else directory.previous
    measured = ReadRanges(Ledger([]) if previous is None else previous.ledger)
    files = resolve(inputs, config.input.tree, config.run.timeout_s)[files_taken]
    policy = retry_policy(config)
    checked = check_inputs(config, processor, files, policy, on_progress)
    readable = [each.file for each in checked.files]
    check_measured(readable, {file.path for file in files}, measured)
    problems = _recall(checked.problems, directory)
    planned = partial(plan_inputs, config, processor, readable, files, measured)
    everything = [*readable, *(problem.file for problem in problems)]
    amount = {"files": len(everything), "events": sum(file.events for file in everything)}
    if directory is not None:
        # for `dtperf fileset retry` and `dtperf status`
        write(directory.path / FILESET, everything)
        directory.describe(amount)
    for problem in problems:
        record.skip_file(problem, measured.left(problem.file))
    for each in checked.files:
        if not each.file.entries and each.file not in measured:
            record.note_empty(each)
    with ExitStack() as stack:
        stack.callback(forget_looked_at)
        try:
            if any(True for _ in planned(LARGEST)):
                for line in _ending(readable, measured, cores_expected(config, workplace)):
                    reporter.notice(line)
                pool = stack.enter_context(worker_pool(config, workplace, reporter.wait))
                known = [each.event_bytes for each in checked.files]
                of_event = event_bytes(read_branches(processor), known)
                sizes = ChunkSizes(pool.memory, of_event)
                size = config.run.chunksize or sizes.events
                chunks = list(islice(planned(size), limit_chunks))
                amount["chunks"] = record.chunks + len(chunks)
                if directory is not None:
                    directory.describe(amount)
                metrics.begin(amount, previous)
                record.begin_measuring(sum(map(len, chunks)))
                reporter.begin(sum(map(len, chunks)), pool)
                is_free = not (config.run.chunksize or limit_chunks) and pool.threads == 1
                if adapts := is_free and len(chunks) > ADAPTED * pool.workers:
                    chunks = list(planned(WHOLE))
                adapted = sizes if adapts else None
                _measure(policy, job, chunks, pool, record, reporter, adapted)
                amount["chunks"] = record.chunks
                if directory is not None:
                    directory.describe(amount)
        except BaseException as error:
            # whatever has ended it: what is measured is measured
            record.save()
            if is_interrupt(error):
                raise Stopped(record.progress_kept()) from None
            raise
        # before workers are ended, which takes its time and may fail
        result = record.result()
        if directory is not None:
            directory.finish(result)
        metrics.finish(result)
        job.finish(result)
    return result


def _ending(files: Sequence[InputFile], measured: ReadRanges, cores: int) -> Iterator[str]:
    """Yield which proxy or token ends before the files of servers are read."""
    if not any(is_remote(address) for file in files for address in (file.path, *file.replicas)):
        return
    left = sum(stop - start for file in files for start, stop in measured.left(file))
    needed = seconds_needed(left, cores, measured.ledger)
    yield from warnings([*find(), *in_addresses()], needed)


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


def _measure(
    policy: RetryPolicy,
    job: Job,
    chunks: Sequence[WorkItem],
    pool: Pool,
    record: RunRecord,
    reporter: ProgressReporter,
    sizes: ChunkSizes | None,
) -> None:
    def replicas(item: WorkItem) -> Replicas:
        return policy.replicas(item.filename, meta_of(item).replicas)

    def note(progressed: Update) -> None:
        if sizes is not None:
            for ended in progressed.ended:
                sizes.note(len(ended.item), ended.outcome)
        record.workers = max(record.workers, pool.workers)
        job.receive(progressed.output)
        record.add(progressed)
        reporter.look(pool)

    executor = ChunkExecutor(pool=pool, replicas=replicas, on_progress=note)
    if sizes is not None:
        executor.cut, executor.ahead, executor.on_lost = sizes.cut, sizes.ahead, sizes.lost
    ChunkRunner(executor=executor, processor_compression=None).run(list(chunks), job.processor)
