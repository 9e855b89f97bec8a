"""Write one file of a sample: its events are cut out of the blocks that hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from dtperf.nanoaod.branches import branch_table
from dtperf.synthetic.blocks import EventBlock, make_block
from dtperf.synthetic.broken import BREAKAGES, INTACT
from dtperf.synthetic.columns import lean_rows
from dtperf.synthetic.content import with_content
from dtperf.synthetic.rows import BLOCK_EVENTS, EventRows, stream
from dtperf.synthetic.settings import Fault, Settings
from dtperf.synthetic.truth import CROSSINGS_SCHEMA, ChamberTruth, chamber_truth, crossings_table
from dtperf.synthetic.write import open_writer

__all__ = ["PATTERN", "TRUTH_CROSSINGS", "SampleFile", "plan", "write_file"]

PATTERN = "nano_[0-9][0-9][0-9][0-9].root"
"""Glob of the names of the files."""


class SampleFile(NamedTuple):
    """One file of a sample, which holds the events from start to before stop."""

    name: str
    start: int
    stop: int
    broken: Fault | None

    @property
    def events(self) -> int:
        """Number of events."""
        return self.stop - self.start


def plan(settings: Settings) -> tuple[SampleFile, ...]:
    """Return which events go into which file, and which of the last files are broken."""
    n = settings.files
    faults = (*((None,) * (n - len(settings.broken))), *settings.broken)
    limits = [settings.events * i // n for i in range(n + 1)]
    return tuple(
        SampleFile(f"nano_{i:04d}.root", limits[i], limits[i + 1], fault)
        for i, fault in enumerate(faults)
    )


TRUTH_CROSSINGS = "truth_crossings"
"""Directory of one table of crossings a file, beside the files."""

OnBlock = Callable[[EventBlock, slice], None]


def write_file(
    settings: Settings,
    file: SampleFile,
    directory: Path,
    on_written: Callable[[int], None] = lambda _: None,
) -> ChamberTruth:
    """Write the events of a file, and if it is wanted the table of their crossings.

    Args:
        settings: The sample.
        file: Which events, and what is wrong with the file.
        directory: Where; it must exist.
        on_written: Called with the number of events of each basket.

    Returns:
        Sums over the events of the file; nothing if it is broken.
    """
    breakage = BREAKAGES[file.broken] if file.broken else INTACT
    table = breakage.table(branch_table(settings.generation))
    truths = [ChamberTruth.empty()]
    path = directory / file.name
    with (
        _crossings_writer(settings, file, directory / TRUTH_CROSSINGS) as write_crossings,
        open_writer(
            path,
            table,
            settings,
            baskets=-(-file.events // settings.basket_events),
            tree=breakage.tree,
            finish=breakage.damage,
        ) as write,
    ):

        def take_truth(block: EventBlock, selected: slice) -> None:
            if file.broken is None:
                truths.append(chamber_truth(block.truth, block.muons, selected))
                write_crossings(block, selected)

        for rows in _make_baskets(settings, file, take_truth):
            for broken in breakage.rows(rows):
                write(broken)
            on_written(rows.events)
    return sum(truths[1:], start=truths[0])


def _make_baskets(settings: Settings, file: SampleFile, on_block: OnBlock) -> Iterator[EventRows]:
    """Make the events of a file, as many as make a basket at a time."""
    pending: list[EventRows] = []
    free = settings.basket_events
    for rows in _blocks(settings, file, on_block):
        start = 0
        while start < rows.events:
            stop = min(start + free, rows.events)
            pending.append(rows.cut(start, stop))
            free -= stop - start
            start = stop
            if free == 0:
                yield EventRows.join(pending)
                pending, free = [], settings.basket_events
    if pending:
        yield EventRows.join(pending)


def _blocks(settings: Settings, file: SampleFile, on_block: OnBlock) -> Iterator[EventRows]:
    """Make the blocks that a file needs, and cut off what is not the file's."""
    for number in range(file.start // BLOCK_EVENTS, -(-file.stop // BLOCK_EVENTS)):
        first = number * BLOCK_EVENTS
        selected = slice(max(file.start - first, 0), min(file.stop - first, BLOCK_EVENTS))
        block, rows = _make(settings.model_dump_json(), number)
        on_block(block, selected)
        yield rows.cut(selected.start, selected.stop)


# small files share a block; settings hold dicts and so have no hash, their JSON stands for them
@lru_cache(maxsize=1)
def _make(settings: str, number: int) -> tuple[EventBlock, EventRows]:
    decoded = Settings.model_validate_json(settings)
    block = make_block(decoded, number)
    rows = lean_rows(block)
    if decoded.content == "full":
        rng = stream(decoded.seed, number, "content")
        rows = with_content(rng, rows, block.segments, decoded.readout)
    return block, rows


@contextmanager
def _crossings_writer(settings: Settings, file: SampleFile, directory: Path) -> Iterator[OnBlock]:
    if not settings.truth_events or file.broken:
        yield lambda *_: None
        return
    directory.mkdir(exist_ok=True)
    path = directory / Path(file.name).with_suffix(".parquet")
    with pq.ParquetWriter(path, CROSSINGS_SCHEMA) as writer:
        yield lambda block, selected: writer.write_table(
            crossings_table(block.truth, block.muons.offsets, block.events, selected)
        )
