"""Read the events of files into blocks in memory, once."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from coffea.processor.executor import WorkItem

from dtperf.config import AnalysisConfig
from dtperf.errors import InputError
from dtperf.execution.chunk_meta import ChunkMeta, meta_of
from dtperf.execution.chunks import read_events
from dtperf.execution.inputs import retry_policy
from dtperf.execution.planning import EVENT_BYTES, ReadRanges, event_bytes, plan
from dtperf.filesets import InputFile
from dtperf.filesets.check import RetryPolicy, check_files, refusal
from dtperf.nanoaod import ColumnFilter
from dtperf.nanoaod.open_files import close_all
from dtperf.process import raise_if_interrupted
from dtperf.results.event_sample import EVENT_BRANCHES, EventSample, halvings_for
from dtperf.results.ledger import Ledger, LedgerRow
from dtperf.results.origin import EventOrigin
from dtperf.selection.branches import TRACKER_ISO, TRIGGER_COLUMNS, branches_of, isolations
from dtperf.selection.flatten import flatten
from dtperf.selection.fourvector import EITHER
from dtperf.selection.luminosity import with_luminosity, within
from dtperf.selection.pairs import EITHER_CHARGE, PairLimits
from dtperf.skim.columns import to_arrow
from dtperf.skim.cut_rules import refuse_processor
from dtperf.skim.details import kept_details
from dtperf.skim.recut.block import Block
from dtperf.skim.recut.inputs import LIMIT_EVENTS, ExploreInputs, first_events, short_list
from dtperf.skim.recut.loaded import LoadedEvents, OnEvents, threads
from dtperf.skim.tally import LuminosityTally, found_anomalies, sum_tallies, tally
from dtperf.skim.thin import thinned

__all__ = ["load_files", "usual_limit"]

CHUNKSIZE = 50_000
"""Small enough that threads share the work evenly, large enough that calls do not count."""


WIDE = np.float32(np.inf)
LOOSEST = PairLimits(
    *(WIDE, -WIDE, WIDE, -WIDE, -(2**15), -(2**15), -WIDE, WIDE, WIDE, -WIDE),
    charges=EITHER_CHARGE,
    kinematics=EITHER,
)
"""What every selection passes."""


def usual_limit(reads: AnalysisConfig) -> int:
    """Return how many events are kept where nobody says it: fewer of those with hits and digis."""
    read = frozenset().union(*_branches(reads))
    return LIMIT_EVENTS * EVENT_BYTES // event_bytes(read)


def check(config: AnalysisConfig, files: Sequence[InputFile]) -> list[InputFile]:
    """Return the files with events, after checking that all can be used.

    Raises:
        InputError: One cannot; also if the config says to skip such files in a run.
    """
    needed, optional = _branches(config)
    checked = check_files(files, needed, optional, policy=retry_policy(config))
    if checked.problems:
        raise refusal(checked.problems, len(files))
    return [each.file for each in checked.files if each.file.entries]


def _branches(config: AnalysisConfig) -> tuple[frozenset[str], frozenset[str]]:
    """Return the branches needed, and those read where a file has them."""
    needed, optional = branches_of(config)
    return needed, optional | {f"muon_{TRACKER_ISO}", *EVENT_BRANCHES}


def load_files(
    origin: ExploreInputs, reads: AnalysisConfig, limit: int, on_events: OnEvents
) -> LoadedEvents:
    """Read events of ROOT files.

    Args:
        origin: The files.
        reads: The config with those measurements whose columns are read.
        limit: How many events to keep, the first ones.
        on_events: Called as events are read.

    Raises:
        InputError: A file cannot be read.
    """
    config = origin.config
    refuse_processor(config)
    # files whose events are known to be too many need not be opened
    needed = origin.files[: len(first_events(origin.files, limit))]
    checked = check(reads, needed)
    files, all_opened = first_events(checked, limit), len(needed) == len(origin.files)
    known = origin.arguments or (short_list(checked) if all_opened else ())
    n_events = sum(file.events for file in files)
    by_file = [[*items] for _, items in groupby(_items(reads, files), lambda i: i.filename)]
    chunks: list[_Chunk] = []
    policy = retry_policy(config)
    pool = ThreadPoolExecutor(threads())
    try:
        for read in pool.map(lambda items: _read_file(reads, policy, items), by_file):
            chunks += read
            on_events(sum(chunk.row.events for chunk in chunks), n_events)
    finally:
        pool.shutdown(cancel_futures=True)
    return LoadedEvents(
        config,
        origin._replace(arguments=known),
        files,
        [chunk.block for chunk in chunks],
        sum_tallies(chunk.tally for chunk in chunks),
        Ledger(chunk.row for chunk in chunks),
        len(origin.files),
        sum(file.events for file in checked) if all_opened else None,
        event_sample=sum((chunk.sample for chunk in chunks), EventSample()),
        event_origin=sum((chunk.event_origin for chunk in chunks), EventOrigin()),
    )


def _items(config: AnalysisConfig, files: Sequence[InputFile]) -> Iterable[WorkItem]:
    needed, optional = _branches(config)
    required, columns = tuple(sorted(needed)), ColumnFilter.of(needed | optional)
    timeout_s = config.run.timeout_s
    halvings = halvings_for(sum(file.events for file in files))
    return plan(
        files,
        ReadRanges(Ledger([])),
        CHUNKSIZE,
        columns,
        lambda file: ChunkMeta(
            bytes=file.bytes,
            replicas=file.replicas,
            required=required,  # a file that is known was not opened yet
            timeout_s=timeout_s,
            halvings=halvings,
        ),
    )


class _Chunk(NamedTuple):
    block: Block
    tally: LuminosityTally
    row: LedgerRow
    sample: EventSample
    event_origin: EventOrigin


def _read_file(
    config: AnalysisConfig, policy: RetryPolicy, items: Sequence[WorkItem]
) -> list[_Chunk]:
    try:
        return [_read(config, policy, item) for item in items]
    finally:
        close_all()  # of this thread, which is done with it


def _read(config: AnalysisConfig, policy: RetryPolicy, item: WorkItem) -> _Chunk:
    raise_if_interrupted()  # the main thread waits for this one
    start = time.perf_counter()
    replicas = policy.replicas(item.filename, meta_of(item).replicas)
    while True:
        meta = replace(meta_of(item), source=replicas.address)
        try:
            chunk = read_events(replace(item, usermeta=meta))
            break
        except InputError as error:
            wait = replicas.failed(error.cause)
            if wait is None:
                raise
        time.sleep(wait)
    block, counted = _reduce(chunk.events, config)
    uuid = chunk.events.metadata["fileuuid"]
    origin = (item.filename, uuid, item.entrystart, item.entrystop, "read", "", "")
    seconds = time.perf_counter() - start
    row = LedgerRow(*origin, replicas.address, replicas.attempts + 1, chunk.bytes, seconds, "")
    return _Chunk(block, counted, row, chunk.sample, chunk.origin)


def _reduce(events: Any, config: AnalysisConfig) -> tuple[Block, LuminosityTally]:
    """Return what any cut could need; the trigger and the mask stay as they are."""
    selection = config.selection
    events = with_luminosity(events, config.luminosity_by_block)
    inside = within(events, selection.luminosity_mask)
    used = isolations(config)._replace(with_tracker=TRACKER_ISO in inside.muon.fields)
    flat = flatten(inside, selection.tag.trigger, config.extrapolation, used)
    fired = TRIGGER_COLUMNS[selection.tag.trigger]
    fires = {fired: flat.muons.fires} if fired else {}
    columns = thinned(flat, LOOSEST, fires, kept_details(inside, config))
    counted = tally(events, config, found_anomalies(inside, flat, config))
    return Block(to_arrow(columns), LOOSEST), counted
