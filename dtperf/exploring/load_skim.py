"""The parts of a skim to blocks in memory, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dtperf.config import load_config
from dtperf.errors import ConfigError
from dtperf.eventsample import EventSample
from dtperf.exploring.block import Block
from dtperf.exploring.cuts import refuse_processor
from dtperf.exploring.load import Loaded, Progress, threads
from dtperf.exploring.parts import Origin
from dtperf.identity import code_version
from dtperf.ledger import Ledger, LedgerRow
from dtperf.skim.parts import BLOCKS, SUFFIX, read_blocks
from dtperf.skim.read import read_part
from dtperf.skim.stored import Skim, tiles
from dtperf.skim.tally import added
from dtperf.skim.tighter import loosest_limits

__all__ = ["load_parts"]


def load_parts(skim: Skim, config: Any, limit: int | None, on_events: Progress) -> Loaded:
    """Read the events of a skim.

    Args:
        skim: From `load_skim`.
        config: What `load_config` takes; None: the skim's own.
        limit: How many events to keep, the first parts of the skim and at least one; None: all.
        on_events: Told of what is read, in events that were kept.

    Raises:
        InputError: A part cannot be read.
        ConfigError: The config cannot be used.
    """
    wanted = skim.config if config is None else load_config(config)
    refuse_processor(wanted)
    loosest = loosest_limits(skim.config)
    rows = skim.ledger if limit is None else _first_rows(skim.ledger, limit)
    names = [*skim.parts] if limit is None else tiles(Ledger(rows), skim.parts)
    tally = skim.tally
    if limit is not None:
        folder = skim.path / BLOCKS
        tally = added(read_blocks(folder / f"{name}{SUFFIX}")[0] for name in names)
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
    mine, theirs = code_version(), skim.code
    origin = Origin(
        wanted,
        [],
        (str(skim.path),),
        f"{skim.path}-explored",
    )
    return Loaded(
        origin.config,
        origin,
        [],
        blocks,
        tally,
        Ledger(rows),
        len({row.identity for row in skim.ledger}),
        skim.totals["events"],
        "" if mine == theirs else f"{mine} on a skim by {theirs}",
        # of a part of the events it is not known which of the sample are theirs
        skim.event_sample if limit is None else EventSample(),
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
