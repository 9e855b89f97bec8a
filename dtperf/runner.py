"""Run an analysis: config, files and workers to a result."""

from __future__ import annotations

import os
import platform
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from coffea.processor.executor import WorkItem

from dtperf.config import AnalysisConfig
from dtperf.executors import ChunkExecutor, Outcome, worker_pool
from dtperf.filesets import resolve
from dtperf.ledger import Ledger, LedgerRow
from dtperf.measurements.histograms import sort_categories
from dtperf.nanoaod import ColumnFilter
from dtperf.preflight import CheckedFile, check_files
from dtperf.reading import ChunkRunner
from dtperf.results import Result
from processors.segment_efficiency import SegmentEfficiency

__all__ = ["Progress", "run"]

PACKAGES = (
    *("dtperf", "coffea", "uproot", "awkward", "numba", "numpy"),
    *("hist", "boost-histogram", "dask", "distributed"),
)


class Progress(NamedTuple):
    """How far a run is."""

    stage: str
    """'checking' counts files, 'measuring' counts events."""
    done: int
    total: int
    bytes: int = 0
    """Compressed bytes read so far."""


def run(
    config: AnalysisConfig,
    inputs: str | Path | Iterable[str | Path],
    *,
    client: Any = None,
    limit_files: int | None = None,
    limit_chunks: int | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Result:
    """Measure all events of the inputs.

    Args:
        config: The analysis; `config.run` says where the work is done.
        inputs: What `dtperf.filesets.resolve` takes.
        client: A connected Dask client to work on, instead of `config.run.executor`.
        limit_files: Take only the first files.
        limit_chunks: Take only the first chunks of events, all files counted together.
        on_progress: Called as files are checked and chunks are done.

    Returns:
        The result; equal files and configs give equal counts, however the work was done.

    Raises:
        InputError: A file cannot be used; nothing is measured then.
        ConfigError: The inputs are not understood.
    """
    begin = datetime.now(UTC)
    start = time.perf_counter()
    processor = SegmentEfficiency(config)
    files = resolve(inputs, config.input.tree)[:limit_files]
    checked = check_files(
        files,
        processor.columns,
        processor.optional_columns,
        lambda n: on_progress(Progress("checking", n, len(files))),
    )
    columns = ColumnFilter.of(processor.columns | processor.optional_columns)
    chunks = list(islice(_chunks(checked, config.run.chunksize, columns), limit_chunks))
    measuring = time.perf_counter()
    output, ledger, workers = _measure(config, processor, chunks, client, on_progress)
    end = time.perf_counter()
    return Result(
        config=config,
        counts={name: sort_categories(h) for name, h in output["histograms"].items()},
        totals={
            **output["totals"],
            "files": len({chunk.filename for chunk in chunks}),
            "chunks": len(chunks),
            "bytes": sum(row.bytes for row in ledger),
        },
        anomalies=output["anomalies"],
        ledger=ledger,
        provenance={
            "begin": begin.isoformat(timespec="seconds"),
            "seconds": round(end - start, 3),
            "seconds_measuring": round(end - measuring, 3),
            "workers": workers,
            "host": socket.gethostname(),
            "python": platform.python_version(),
            "cpus": os.cpu_count(),
            "packages": {name: version(name) for name in PACKAGES},
        },
    )


def _chunks(
    files: Sequence[CheckedFile], chunksize: int, columns: ColumnFilter
) -> Iterator[WorkItem]:
    for file in files:
        # as even as possible, and none larger than asked for
        pieces = -(-file.entries // chunksize)
        edges = [file.entries * piece // pieces for piece in range(pieces + 1)] if pieces else []
        for start, stop in pairwise(edges):
            place = (file.path, file.tree, start, stop, file.uuid.bytes)
            yield WorkItem("events", *place, preload=columns)


def _measure(
    config: AnalysisConfig,
    processor: SegmentEfficiency,
    chunks: Sequence[WorkItem],
    client: Any,
    on_progress: Callable[[Progress], None],
) -> tuple[dict[str, Any], Ledger, int]:
    rows: list[LedgerRow] = []
    total = sum(map(len, chunks))
    done = read = 0

    def note(item: WorkItem, outcome: Outcome) -> None:
        nonlocal done, read
        rows.append(_ledger_row(item, outcome))
        done += len(item)
        read += rows[-1].bytes
        on_progress(Progress("measuring", done, total, read))

    on_progress(Progress("measuring", 0, total))
    with worker_pool(config, client) as (pool, workers):
        executor = ChunkExecutor(pool=pool, workers=workers, on_done=note)
        runner = ChunkRunner(executor=executor, processor_compression=None)
        output = runner.run(list(chunks), processor)
    return output["out"], Ledger(rows), workers


def _ledger_row(item: WorkItem, outcome: Outcome) -> LedgerRow:
    return LedgerRow(
        file=item.filename,
        uuid=str(UUID(bytes=item.fileuuid)),
        start=item.entrystart,
        stop=item.entrystop,
        status="read",
        cause="",
        attempts=1,
        bytes=outcome.output["bytes"],
        seconds=outcome.seconds,
        worker=outcome.worker,
    )
