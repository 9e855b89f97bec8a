"""Run an analysis: config, files and workers to a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from coffea.processor.executor import WorkItem

from dtperf.addresses import is_remote
from dtperf.books import Books
from dtperf.checkpoint import FILESET, RunDirectory, open_run
from dtperf.chunks import meta_of
from dtperf.chunksize import LARGEST, events_at_once
from dtperf.clusters.environment import check_client
from dtperf.clusters.load import load_cluster
from dtperf.config import AnalysisConfig
from dtperf.credentials import find, in_addresses, warnings
from dtperf.errors import ConfigError
from dtperf.estimate import seconds_needed
from dtperf.executors import ChunkExecutor, Progressed, Workplace, cores_expected, worker_pool
from dtperf.filesets import InputFile, resolve, write
from dtperf.identity import code_version
from dtperf.intake import check_inputs, patience_of, plan_inputs
from dtperf.ledger import Ledger
from dtperf.meter import Meter, Progress
from dtperf.planning import Measured, check_measured
from dtperf.pools import Pool
from dtperf.preflight import Patience, Problem
from dtperf.processor import portable
from dtperf.reading import ChunkRunner
from dtperf.results import Result
from dtperf.sources import Turns
from dtperf.work import ChunkProcessor

__all__ = ["Job", "Progress", "run"]


class Job(NamedTuple):
    """What is done with the chunks."""

    processor: ChunkProcessor
    receive: Callable[[Any], None] = lambda _: None
    """Called with each sum of the processor's outputs, of which it may take its part; or None."""
    finish: Callable[[Result], None] = lambda _: None
    """Called when all is saved, while the directory is locked."""


def run(
    config: AnalysisConfig,
    inputs: str | Path | Iterable[str | Path],
    *,
    out: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    processor: Any = None,
    client: Any = None,
    cluster: str | Path | Mapping[str, Any] | None = None,
    performance_report: Path | None = None,
    limit_files: int | None = None,
    limit_chunks: int | None = None,
    job: Callable[[AnalysisConfig, RunDirectory | None], Job] | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Result:
    """Measure all events of the inputs.

    Args:
        config: The analysis; `config.run` says where the work is done, and what happens when it
            fails.
        inputs: What `dtperf.filesets.resolve` takes; or the directory of a skim, which is measured
            on all cores of this machine, whatever `config.run` says.
        out: Directory for the result, which is saved as the work goes on, so that a run that ends
            early can be resumed; None: the result is only returned.
        resume: Go on with what an earlier run of the same config and code has measured in `out`.
        force: Replace what is in `out`.
        processor: What measures each chunk, in the place of `config.processor`: FILE.py:CLASS or
            MODULE:CLASS; a class, which is called with the config; or an instance. It is sent to
            workers by value. What it may return: `dtperf.outputs`. None: the packaged one.
        client: A connected Dask client to work on, instead of `config.run.executor`; scheduler and
            workers must run the same software.
        cluster: Where Dask workers come from instead, as `dtperf.cluster` takes it; it is started
            when the files are checked, and ended with the run.
        performance_report: HTML file for Dask's own report of the run.
        limit_files: Take only the first files.
        limit_chunks: Take only the first chunks of events, all files counted together.
        job: Makes what is done with each chunk in the place of a processor, once the directory is
            locked.
        on_progress: Called as files are checked and chunks are done.

    Returns:
        The result; equal files and configs give equal counts, however the work was done, and how
        often it was interrupted.

    Raises:
        InputError: A file cannot be used, and `config.run.on_error` is 'stop'.
        ConfigError: The inputs, the processor, the directory, the client or the cluster cannot be
            used.
        DtperfError: The cluster does not come up, runs other software, or is lost; or the processor
            fails, or returns what cannot be kept.
    """
    from dtperf.skim.stored import is_skim, skim_among  # which need this module

    given = [inputs] if isinstance(inputs, str | Path) else [*inputs]
    if isinstance(processor, str):
        config = config.model_copy(update={"processor": processor})
    processor = config.processor if processor is None else processor
    if job is None and (skim := skim_among(given)) is not None:
        from dtperf.exploring.rerun import rerun

        options = {"processor": processor, "resume": resume, "client": client, "cluster": cluster}
        options |= {"performance_report": performance_report, "limit_files": limit_files}
        options["limit_chunks"] = limit_chunks
        return rerun(config, skim, out=out, force=force, on_progress=on_progress, **options)
    if job is None and resume and out is not None and is_skim(Path(out)):
        raise ConfigError(f"{out}: is a skim: go on with `dtperf skim … --resume`")
    # mistakes in these shall show before files are checked
    if client is not None:
        check_client(client)
    if cluster is not None:
        load_cluster(cluster)
    code = code_version()
    if job is None:
        made = portable(processor, config)
        code = code_version(made.label)

        def job(_config: AnalysisConfig, _directory: RunDirectory | None) -> Job:
            return Job(made)

    place = Workplace(client, cluster, performance_report)
    with ExitStack() as stack:
        directory = None
        if out is not None:
            opened = open_run(out, config, code, resume=resume, force=force)
            directory = stack.enter_context(opened)
        limits = (slice(limit_files), limit_chunks)
        return _run(config, given, directory, place, *limits, job, code, on_progress)


def _run(
    config: AnalysisConfig,
    inputs: str | Path | Iterable[str | Path],
    directory: RunDirectory | None,
    place: Workplace,
    files_taken: slice,
    limit_chunks: int | None,
    make_job: Callable[[AnalysisConfig, RunDirectory | None], Job],
    code: str,
    on_progress: Callable[[Progress], None],
) -> Result:
    job = make_job(config, directory)
    processor = job.processor
    meter = Meter(on_progress)
    books = Books(config, directory, meter.note, code)
    previous = None if directory is None else directory.previous
    measured = Measured(Ledger([]) if previous is None else previous.ledger)
    files = resolve(inputs, config.input.tree, config.run.timeout_s)[files_taken]
    patience = patience_of(config)
    checked = check_inputs(config, processor, files, patience, on_progress)
    readable = [each.file for each in checked.files]
    check_measured(readable, {file.path for file in files}, measured)
    problems = _recall(checked.problems, directory)
    planned = partial(plan_inputs, config, processor, readable, files, measured)
    if directory is not None:
        _describe(directory, [*readable, *(problem.file for problem in problems)])
    for problem in problems:
        books.skip_file(problem, measured.left(problem.file))
    for each in checked.files:
        if not each.file.entries and each.file not in measured:
            books.note_empty(each)
    with ExitStack() as stack:
        try:
            if any(True for _ in planned(LARGEST)):
                for line in _ending(readable, measured, cores_expected(config, place)):
                    meter.notice(line)
                pool = stack.enter_context(worker_pool(config, place, meter.wait))
                size = config.run.chunksize or events_at_once(pool.memory)
                chunks = list(islice(planned(size), limit_chunks))
                books.begin_measuring()
                meter.begin(sum(map(len, chunks)), pool.dashboard)
                _measure(patience, job, chunks, pool, books)
        except BaseException:
            # whatever has ended it: what is measured is measured
            books.save()
            raise
        # before workers are ended, which takes its time and may fail
        result = books.result()
        if directory is not None:
            directory.finish(result)
        job.finish(result)
    return result


def _ending(files: Sequence[InputFile], measured: Measured, cores: int) -> Iterator[str]:
    """Say which proxy or token ends before the files of servers are read."""
    if not any(is_remote(address) for file in files for address in (file.path, *file.replicas)):
        return
    left = sum(stop - start for file in files for start, stop in measured.left(file))
    needed = seconds_needed(left, cores, measured.ledger)
    yield from warnings([*find(), *in_addresses()], needed)


def _recall(problems: Sequence[Problem], directory: RunDirectory | None) -> list[Problem]:
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
    patience: Patience,
    job: Job,
    chunks: Sequence[WorkItem],
    pool: Pool,
    books: Books,
) -> None:
    def turns(item: WorkItem) -> Turns:
        return patience.turns(item.filename, meta_of(item).replicas)

    def note(progressed: Progressed) -> None:
        books.workers = max(books.workers, pool.workers)
        job.receive(progressed.output)
        books.add(progressed)

    executor = ChunkExecutor(pool=pool, turns=turns, on_progress=note)
    ChunkRunner(executor=executor, processor_compression=None).run(list(chunks), job.processor)
