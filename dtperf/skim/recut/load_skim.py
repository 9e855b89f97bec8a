"""Read the parts of a skim into blocks in memory, once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import xxhash

from dtperf.config import ConfigSource, load_config
from dtperf.errors import ConfigError, InputError
from dtperf.execution.provenance import code_version
from dtperf.results.event_sample import EventSample
from dtperf.results.ledger import Ledger, LedgerRow
from dtperf.skim.columns import check
from dtperf.skim.cut_rules import loosest_limits, refuse_processor, with_luminosity_of
from dtperf.skim.parts import BLOCKS, EVENTS, SUFFIX, read_blocks
from dtperf.skim.recut.block import Block
from dtperf.skim.recut.inputs import ExploreInputs
from dtperf.skim.recut.loaded import LoadedEvents, OnEvents, threads
from dtperf.skim.stored import Skim, covering_parts
from dtperf.skim.tally import sum_tallies

__all__ = ["load_parts", "read_part"]

PIECE = 1 << 24


def read_part(skim: Skim, name: str, *, verify: bool = True) -> Iterator[pa.RecordBatch]:
    """Read the events of one part, which stay in the file where it is not compressed.

    Args:
        skim: From `load_skim`.
        name: One of its parts.
        verify: Whether to compare the file with the skim's checksum.

    Raises:
        InputError: The file was damaged, or is none.
    """
    path = skim.path / EVENTS / f"{name}{SUFFIX}"
    try:
        source = pa.memory_map(str(path))
        if verify and _hash(source) != skim.parts[name].xxh3:
            raise InputError(
                f"{path}: its content is not what was written: it was damaged since: make the "
                "skim again",
                "changed",
            )
        reader = pa.ipc.open_file(source)
        events = 0
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            check(batch, str(path))
            events += batch.num_rows
            yield batch
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read: {error}", "corrupt") from None
    if events != skim.parts[name].events:
        raise InputError(f"{path}: has {events:,} events, not {skim.parts[name].events:,}")


def _hash(source: pa.MemoryMappedFile) -> str:
    state = xxhash.xxh3_128()
    for at in range(0, source.size(), PIECE):
        state.update(source.read_at(min(PIECE, source.size() - at), at))
    return state.hexdigest()


def load_parts(
    skim: Skim, config: ConfigSource | None, limit: int | None, on_events: OnEvents
) -> LoadedEvents:
    """Read the events of a skim.

    Args:
        skim: From `load_skim`.
        config: What `load_config` takes; None: the skim's own.
        limit: How many events to keep, the first parts of the skim and at least one; None: all.
        on_events: Called as events are read, with numbers of events in the skim.

    Raises:
        InputError: A part cannot be read.
        ConfigError: The config cannot be used.
    """
    given = skim.config if config is None else load_config(config)
    config_used = with_luminosity_of(skim.config, given)
    refuse_processor(config_used)
    loosest = loosest_limits(skim.config)
    rows = skim.ledger if limit is None else _first_rows(skim.ledger, limit)
    names = [*skim.parts] if limit is None else covering_parts(Ledger(rows), skim.parts)
    tally = skim.tally
    if limit is not None:
        folder = skim.path / BLOCKS
        tally = sum_tallies(read_blocks(folder / f"{name}{SUFFIX}")[0] for name in names)
    all_events, done = sum(skim.parts[name].events for name in names), 0
    blocks: list[Block] = []
    pool = ThreadPoolExecutor(threads())

    def read(name: str) -> tuple[str, list[Block]]:
        return name, [Block(batch, loosest) for batch in read_part(skim, name)]

    on_events(0, all_events)
    try:
        for name, found in pool.map(read, names):
            blocks += found
            done += skim.parts[name].events
            on_events(done, all_events)
    finally:
        pool.shutdown(cancel_futures=True)
    code, skim_code = code_version(), skim.code
    origin = ExploreInputs(config_used, [], (str(skim.path),), f"{skim.path}-explored")
    return LoadedEvents(
        origin.config,
        origin,
        [],
        blocks,
        tally,
        Ledger(rows),
        len({row.identity for row in skim.ledger}),
        skim.totals["events"],
        "" if code == skim_code else f"{code} on a skim by {skim_code}",
        # of a part of the events it is not known which of the sample are theirs
        skim.event_sample if limit is None else EventSample(),
        skim.event_origin
        if limit is None
        else skim.event_origin.of_part(int(tally.events.sum()), tally.run, tally.luminosityBlock),
    )


def _first_rows(ledger: Ledger, limit: int) -> list[LedgerRow]:
    if limit < 1:
        raise ConfigError(f"limit_events: {limit:,} is not allowed; allowed: at least 1")
    rows, events = [], 0
    for row in ledger:
        if row.status == "read" and (not events or events + row.events <= limit):
            rows.append(row)
            events += row.events
    return rows
