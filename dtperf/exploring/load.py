"""Files to flat arrays in memory, once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from coffea.processor.executor import WorkItem

from dtperf.config import AnalysisConfig
from dtperf.errors import InputError
from dtperf.exploring.chunk import Chunk
from dtperf.filesets import InputFile
from dtperf.ledger import Ledger, LedgerRow
from dtperf.nanoaod import ColumnFilter
from dtperf.openfiles import close_all
from dtperf.planning import Measured, plan
from dtperf.preflight import Patience, check_files, refusal
from dtperf.reading import read_events
from dtperf.sources import Turns, sources
from processors.segment_efficiency import SegmentEfficiency

__all__ = ["Loaded", "check", "load", "threads"]

CHUNKSIZE = 50_000
"""Small enough that threads share the work evenly, large enough that calls do not count."""


class Loaded(NamedTuple):
    """Events in memory."""

    chunks: list[Chunk]
    ledger: Ledger


def threads() -> int:
    """Say how many threads can work at once: the kernels do not hold Python's lock."""
    return os.cpu_count() or 1


def check(config: AnalysisConfig, files: Sequence[InputFile]) -> list[InputFile]:
    """Open the files that are not known yet, and see that they can be used.

    Raises:
        InputError: One cannot; also if the config says to skip such files in a run.
    """
    run, processor = config.run, SegmentEfficiency(config)
    checked = check_files(
        files,
        processor.columns,
        processor.optional_columns,
        patience=Patience(run.retries, run.backoff_s, run.timeout_s),
    )
    if checked.problems:
        raise refusal(checked.problems, len(files))
    return [each.file for each in checked.files if each.file.entries]


def load(
    config: AnalysisConfig, files: Iterable[InputFile], on_events: Callable[[int], None]
) -> Loaded:
    """Read events.

    Args:
        config: The analysis; tells which columns.
        files: With the events that are wanted of each.
        on_events: Called with the number of events that are read so far.

    Raises:
        InputError: A file cannot be read.
    """
    by_file = [[*items] for _, items in groupby(_items(config, files), lambda i: i.filename)]
    chunks, rows, events = [], [], 0
    pool = ThreadPoolExecutor(threads())
    try:
        for read in pool.map(lambda items: _read_file(config, items), by_file):
            for chunk, row in read:
                chunks.append(chunk)
                rows.append(row)
                events += row.events
            on_events(events)
    finally:
        pool.shutdown(cancel_futures=True)
    return Loaded(chunks, Ledger(rows))


def _items(config: AnalysisConfig, files: Iterable[InputFile]) -> Iterable[WorkItem]:
    processor = SegmentEfficiency(config)
    needed = tuple(sorted(processor.columns))
    columns = ColumnFilter.of(processor.columns | processor.optional_columns)
    timeout_s = config.run.timeout_s
    return plan(
        files,
        Measured(Ledger([])),
        CHUNKSIZE,
        columns,
        lambda file: {
            "bytes": file.bytes,
            "replicas": file.replicas,
            "required": needed,  # a file that is known was not opened yet
            "timeout_s": timeout_s,
        },
    )


def _read_file(config: AnalysisConfig, items: Sequence[WorkItem]) -> list[tuple[Chunk, LedgerRow]]:
    try:
        return [_read(config, item) for item in items]
    finally:
        close_all()  # of this thread, which is done with it


def _read(config: AnalysisConfig, item: WorkItem) -> tuple[Chunk, LedgerRow]:
    start = time.perf_counter()
    addresses = sources(item.filename, item.usermeta["replicas"], ())
    turns = Turns(addresses, config.run.retries, config.run.backoff_s)
    while True:
        usermeta = {**item.usermeta, "source": turns.address}
        try:
            events, size = read_events(replace(item, usermeta=usermeta))
            break
        except InputError as error:
            wait = turns.failed(error.cause)
            if wait is None:
                raise
        time.sleep(wait)
    chunk = Chunk.of(events, config)
    uuid = events.metadata["fileuuid"]
    place = (item.filename, uuid, item.entrystart, item.entrystop, "read", "", "")
    seconds = time.perf_counter() - start
    row = LedgerRow(*place, turns.address, turns.attempts + 1, size, seconds, "")
    return chunk, row
