"""Which events are left to measure, cut into chunks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from coffea.processor.executor import WorkItem

from dtperf.errors import ConfigError, InputError
from dtperf.execution.chunk_meta import ChunkMeta
from dtperf.filesets import InputFile
from dtperf.filesets.model import Range, without
from dtperf.nanoaod.branches import collection_of, known_collections

if TYPE_CHECKING:
    from dtperf.results.ledger import Ledger

__all__ = [
    "EVENT_BYTES",
    "LARGEST",
    "SMALLEST",
    "WHOLE",
    "ReadRanges",
    "check_measured",
    "cut",
    "event_bytes",
    "events_at_once",
    "is_wide",
    "plan",
]

LARGEST, SMALLEST = 200_000, 10_000
"""More gains nothing; with fewer a chunk costs more than its events."""
WHOLE = 1 << 62
"""Events of a chunk that is not cut."""
BASE_BYTES, EVENT_BYTES = 400_000_000, 3_000
"""Of a worker with all libraries, and of an event on its way to the histograms. Measured were
310 MB and 2.2 kB, with either extrapolation."""
COPIES = 3
"""An event takes up to so many times what is read of it, hits and digis included."""
WIDE_EVENT_BYTES = 45_000
"""Of an event with hits and digis, where nobody has opened a file."""
NARROW = ("", "muon", "muon_matches", "dtSegment")
"""Collections that are read of every event, of which it has no more than `EVENT_BYTES` tells."""
USED = 0.65
"""Part of a limit to fill: at 0.7 Dask begins to write to disk. Freed memory that is in pieces too
small for the next chunk takes up to a fifth more."""


def is_wide(columns: Iterable[str]) -> bool:
    """Return whether branches are among these whose size depends on what a file has in it."""
    return any(collection_of(name, known_collections()) not in NARROW for name in columns)


def event_bytes(columns: Iterable[str], sizes: Iterable[float | None] = ()) -> int:
    """Return the memory that an event takes on its way to the histograms.

    Args:
        columns: The branches that are read.
        sizes: Bytes of these branches that an event has in memory, by file; None: not known.
    """
    if not is_wide(columns):
        return EVENT_BYTES
    known = [COPIES * size for size in sizes if size is not None]
    return int(max(EVENT_BYTES, *known)) if known else WIDE_EVENT_BYTES


def events_at_once(memory: int | None, of_event: int = EVENT_BYTES) -> int:
    """Return how many events a chunk should have.

    Args:
        memory: Bytes that a worker may take for one chunk, all of its own included; None if there
            is no limit.
        of_event: Bytes that an event takes, from `event_bytes`: no chunk takes more memory by
            larger events.
    """
    smallest, largest = (most * EVENT_BYTES // of_event for most in (SMALLEST, LARGEST))
    if memory is None:
        return largest
    fitting = int(USED * memory - BASE_BYTES) // of_event
    return min(max(fitting, smallest, 1), largest)


class ReadRanges:
    """What was read before, by file."""

    def __init__(self, ledger: Ledger) -> None:
        """Take the rows of what was read."""
        self.ledger = ledger
        self._ranges: dict[str, list[Range]] = defaultdict(list)
        for row in ledger:
            self._ranges[row.uuid].append((row.start, row.stop))

    def __contains__(self, file: InputFile) -> bool:
        """Return whether something of a file was read, if only that it has no events."""
        return str(file.uuid) in self._ranges

    def left(self, file: InputFile) -> tuple[Range, ...]:
        """List the ranges of a file that were not read."""
        return without(file.to_read, self._ranges.get(str(file.uuid), ()))


def plan(
    files: Iterable[InputFile],
    measured: ReadRanges,
    chunksize: int,
    columns: Any,
    meta: Callable[[InputFile], ChunkMeta],
) -> Iterator[WorkItem]:
    """Cut what is left of the files into chunks.

    Args:
        files: Files whose UUID and entries are known.
        measured: What was read before.
        chunksize: Events in a chunk at most; chunks of a range are as even as possible, and end
            with a cluster of the file where that is known.
        columns: What to read, a `dtperf.nanoaod.ColumnFilter`.
        meta: Gives, for a file, what else its chunks carry.
    """
    for file in files:
        assert file.uuid is not None
        source, carried = (file.dataset, file.path, file.tree), meta(file)
        for first, last in measured.left(file):
            for start, stop in cut(first, last, chunksize, file.cluster):
                yield WorkItem(
                    *source, start, stop, file.uuid.bytes, usermeta=carried, preload=columns
                )


def cut(first: int, last: int, chunksize: int, cluster: int | None) -> Iterator[Range]:
    """Cut a range of events into chunks.

    Args:
        first: First event.
        last: One past the last event.
        chunksize: Events in a chunk at most.
        cluster: Chunks end with multiples of this, as far as that goes; None: anywhere.
    """
    if cluster is None or cluster > chunksize:
        cluster = 1
    begin, end = first // cluster, -(-last // cluster)
    pieces = -(-(end - begin) // (chunksize // cluster))
    inner = (cluster * (begin + (end - begin) * n // pieces) for n in range(1, pieces))
    return pairwise((first, *inner, last) if last > first else ())


def check_measured(files: Iterable[InputFile], paths: set[str], measured: ReadRanges) -> None:
    """Check that everything measured before is among the inputs, and unchanged.

    Args:
        files: Those of the inputs that can be read.
        paths: All inputs.
        measured: What was read before.

    Raises:
        ConfigError: Something else was measured before.
        InputError: A file was replaced since.
    """
    by_path = {file.path: str(file.uuid) for file in files}
    uuids = {*by_path.values()}
    for row in measured.ledger:
        if row.uuid in uuids:
            continue
        if row.file in by_path:
            raise InputError(
                f"{row.file}: was replaced since it was measured (UUID {row.uuid}, now "
                f"{by_path[row.file]}): begin anew with force=True",
                "changed",
            )
        if row.file not in paths:
            raise ConfigError(
                f"{row.file}: was measured before, but is not among the inputs now: "
                "name the same inputs, or another directory"
            )
