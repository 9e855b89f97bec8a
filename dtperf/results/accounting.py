"""Put ledgers together so that no event counts twice and none is forgotten.

What was read is never given up. Events that were skipped stand in the books until someone has
read them: a skipped row is cut to what no ledger has read, and where two ledgers skipped the same
events the lesser row, as a tuple, stays. Both rules look at one event at a time, so the order in
which ledgers are combined does not show, as long as a file that never was opened, which only its
path identifies, goes by one path.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from operator import attrgetter

from dtperf.errors import InputError
from dtperf.results.ledger import Ledger, LedgerRow

__all__ = ["combine", "refuse_overlap"]

by_range = attrgetter("start", "stop")


def combine(a: Ledger, b: Ledger) -> Ledger:
    """Combine the books of two jobs.

    Args:
        a: One ledger.
        b: Another one.

    Returns:
        One row for each chunk that was read, and as few as tell what is left of those skipped.
        Neighbours that were skipped in the same way are one row; bytes and seconds of a skipped
        row are those of the attempt, whatever part of its events is left.

    Raises:
        InputError: Both have read the same events.
    """
    rows = (*a, *b)
    read = [row for row in rows if row.status == "read"]
    _refuse_twice(read)
    opened = {row.file for row in rows if row.uuid}
    skipped: dict[str, list[LedgerRow]] = defaultdict(list)
    for row in rows:
        # a file that was not opened stands in the books only until somebody opens it
        if row.status != "read" and (row.uuid or row.file not in opened):
            skipped[row.identity].append(row)
    done: dict[str, list[LedgerRow]] = defaultdict(list)
    for row in read:
        if row.identity in skipped:
            done[row.identity].append(row)
    left = (row for each, mine in skipped.items() for row in _left(mine, done.get(each, ())))
    return Ledger([*_empty_once(read), *(row for row in read if row.events), *left])


def refuse_overlap(ledger: Ledger) -> None:
    """Check that a ledger has read no event twice.

    Raises:
        InputError: It has.
    """
    _refuse_twice(row for row in ledger if row.status == "read")


def _refuse_twice(read: Iterable[LedgerRow]) -> None:
    rows = sorted((row.identity, row.start, row.stop, row.file) for row in read if row.events)
    for first, second in pairwise(rows):
        if first[0] == second[0] and second[1] < first[2]:
            raise InputError(
                f"{second[3]}: events {second[1]} to {min(first[2], second[2])} "
                "are in both results: they would count twice"
            )


def _empty_once(rows: Iterable[LedgerRow]) -> Iterable[LedgerRow]:
    """Keep one of the rows without events that a file has."""
    kept: dict[str, LedgerRow] = {}
    for row in rows:
        if not row.events:
            kept[row.identity] = min(row, kept.get(row.identity, row))
    return kept.values()


def _left(skipped: Sequence[LedgerRow], read: Sequence[LedgerRow]) -> Iterable[LedgerRow]:
    """Return what is left of the skipped rows of one file when some of its events are read."""
    with_events = [row for row in skipped if row.events]
    if not with_events and not read:
        return _empty_once(skipped)
    return _glued(_pieces(with_events, sorted(filter(lambda row: row.events, read), key=by_range)))


def _pieces(skipped: Iterable[LedgerRow], read: Sequence[LedgerRow]) -> Iterator[LedgerRow]:
    """Cut rows wherever one begins or ends, and keep the least of those that cover a piece."""
    waiting = sorted(skipped, key=by_range, reverse=True)
    edges = sorted({edge for row in (*waiting, *read) for edge in (row.start, row.stop)})
    covering: list[tuple[LedgerRow, int]] = []
    next_read = 0
    for start, stop in pairwise(edges):
        while waiting and waiting[-1].start == start:
            row = waiting.pop()
            heappush(covering, (row._replace(start=0, stop=0), row.stop))
        while covering and covering[0][1] <= start:
            heappop(covering)
        while next_read < len(read) and read[next_read].stop <= start:
            next_read += 1
        is_read = next_read < len(read) and read[next_read].start <= start
        if covering and not is_read:
            yield covering[0][0]._replace(start=start, stop=stop)


def _glued(pieces: Iterable[LedgerRow]) -> Iterator[LedgerRow]:
    """Join neighbours that differ in nothing but their events."""
    last: LedgerRow | None = None
    for piece in pieces:
        if last is not None and last == piece._replace(start=last.start, stop=piece.start):
            last = last._replace(stop=piece.stop)
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last
