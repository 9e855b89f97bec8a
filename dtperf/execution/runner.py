"""Run an analysis: config, files and workers to a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from coffea.processor.executor import WorkItem

from dtperf.addresses import is_remote
from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError, Stopped
from dtperf.execution.attempt import ChunkProcessor
from dtperf.execution.checkpoint import FILESET, RunDirectory, open_run
from dtperf.execution.chunk_meta import meta_of
from dtperf.execution.chunks import ChunkRunner
from dtperf.execution.clusters.client import connected, is_running
from dtperf.execution.credentials import find, in_addresses, warnings
from dtperf.execution.estimate import seconds_needed
from dtperf.execution.executor import ChunkExecutor, Update
from dtperf.execution.inputs import RunInputs, RunWork, divide, look_at, retry_policy
from dtperf.execution.metrics import RunMetrics, metrics_file
from dtperf.execution.planning import LARGEST
from dtperf.execution.pools import Pool
from dtperf.execution.processor import portable
from dtperf.execution.progress import ProgressReporter
from dtperf.execution.provenance import code_version
from dtperf.execution.record import RunRecord
from dtperf.execution.workplace import Workplace, cores_expected, worker_pool
from dtperf.filesets import resolve, write
from dtperf.filesets.check import RetryPolicy
from dtperf.filesets.replicas import Replicas
from dtperf.nanoaod.looking import forget_looked_at
from dtperf.process import is_interrupt, stoppable
from dtperf.progress import Progress
from dtperf.results.result import Result

__all__ = ["Job", "Progress", "run"]


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
    reporter = ProgressReporter(on_progress)
    record = RunRecord(config, directory, reporter.note, code, metrics.update)
    policy = retry_policy(config)
    files = resolve(inputs, config.input.tree, config.run.timeout_s)[files_taken]
    found = look_at(files, config, job.processor, policy, directory, on_progress)
    amount = {"files": len(found.files), "events": sum(file.events for file in found.files)}

    def describe(**more: int) -> None:
        amount.update(more)
        if directory is not None:
            directory.describe(amount)

    if directory is not None:
        # for `dtperf fileset retry` and `dtperf status`
        write(directory.path / FILESET, found.files)
    describe()
    _note_unmeasured(found, record)
    with ExitStack() as stack:
        stack.callback(forget_looked_at)
        try:
            if any(True for _ in found.cut(LARGEST)):
                for line in _ending(found, cores_expected(config, workplace)):
                    reporter.notice(line)
                pool = stack.enter_context(worker_pool(config, workplace, reporter.wait))
                work = divide(found, config, job.processor, pool, limit_chunks)
                describe(chunks=record.chunks + work.expected)
                metrics.begin(amount, None if directory is None else directory.previous)
                record.begin_measuring(work.events)
                reporter.begin(work.events, pool)
                _measure(work, policy, job, pool, record, reporter)
                describe(chunks=record.chunks)
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


def _note_unmeasured(found: RunInputs, record: RunRecord) -> None:
    """Note the files that cannot be read, and those without events."""
    for problem in found.problems:
        record.skip_file(problem, found.measured.left(problem.file))
    for each in found.checked:
        if not each.file.entries and each.file not in found.measured:
            record.note_empty(each)


def _ending(found: RunInputs, cores: int) -> Iterator[str]:
    """Yield which proxy or token ends before the files of servers are read."""
    files = [each.file for each in found.checked]
    if not any(is_remote(address) for file in files for address in (file.path, *file.replicas)):
        return
    left = sum(stop - start for file in files for start, stop in found.measured.left(file))
    needed = seconds_needed(left, cores, found.measured.ledger)
    yield from warnings([*find(), *in_addresses()], needed)


def _measure(
    work: RunWork,
    policy: RetryPolicy,
    job: Job,
    pool: Pool,
    record: RunRecord,
    reporter: ProgressReporter,
) -> None:
    sizes = work.sizes

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
    ChunkRunner(executor=executor, processor_compression=None).run(work.chunks, job.processor)
