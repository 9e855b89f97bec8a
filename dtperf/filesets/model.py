"""One file of a run, and ranges of its events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self
from uuid import UUID

from dtperf.results.row_columns import Column, Columns, field_columns
from dtperf.results.table import TableRepr, shortened

__all__ = [
    "DEFAULT_DATASET",
    "NO_ROOT_FILE",
    "ROOT_SUFFIXES",
    "Files",
    "InputFile",
    "Range",
    "in_words",
    "known_uuid",
    "union",
    "without",
]

Range = tuple[int, int]
"""First event, and one past the last."""


def union(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Join ranges that touch or overlap.

    Returns:
        In order, with a gap between neighbours, and none without events.
    """
    joined: list[Range] = []
    for start, stop in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        elif start < stop:
            joined.append((start, stop))
    return tuple(joined)


def without(ranges: Iterable[Range], others: Iterable[Range]) -> tuple[Range, ...]:
    """Return ranges without those of others.

    Args:
        ranges: What there is.
        others: What is taken out.

    Returns:
        What is left, as `union` gives it.
    """
    left: list[Range] = []
    taken = union(others)
    number = 0
    for first, last in union(ranges):
        at = first
        while number < len(taken) and taken[number][1] <= at:
            number += 1
        # the last of those that are looked at may reach into the next range
        for start, stop in taken[number:]:
            if start >= last:
                break
            if start > at:
                left.append((at, start))
            at = stop
            number += stop <= last
        if at < last:
            left.append((at, last))
    return tuple(left)


def in_words(ranges: Iterable[Range]) -> str:
    """Write ranges as text, such as '0 to 5; 8 to 9'."""
    return "; ".join(f"{start} to {stop}" for start, stop in ranges)


ROOT_SUFFIXES = (".root", ".rntpl")
"""Of what is looked for in a directory; CMSSW calls files with an RNTuple by either."""
DEFAULT_DATASET = "events"
"""Of files that are named without one."""
NO_ROOT_FILE = "no ROOT file (*.root, *.rntpl) in this directory or below it"


def known_uuid(uuid: UUID | None) -> UUID | None:
    """Return the UUID noted for a file; None for all zeros, which identify nothing."""
    return uuid if uuid and uuid.int else None


class InputFile(NamedTuple):
    """One file, the tree in it, and what a fileset has noted of it."""

    path: str
    """Absolute path or URL."""
    tree: str
    dataset: str = DEFAULT_DATASET
    uuid: UUID | None = None
    """Never all zeros, which is that of any file to which ROOT gave none: see `known_uuid`."""
    entries: int | None = None
    bytes: int | None = None
    """Size of the file."""
    ranges: tuple[Range, ...] | None = None
    """Events to be read, in order; None: all."""
    replicas: tuple[str, ...] = ()
    """Other addresses of the same file."""
    generation: str | None = None
    """Of the ntuple, A or B."""
    cluster: int | None = None
    """Events that are stored together, if always as many."""

    @property
    def is_known(self) -> bool:
        """Whether it need not be opened to plan a run."""
        return self.uuid is not None and self.entries is not None and self.bytes is not None

    @property
    def is_counted(self) -> bool:
        """Whether it is known how many events are to be read."""
        return self.ranges is not None or self.entries is not None

    @property
    def to_read(self) -> tuple[Range, ...]:
        """Ranges to be read; one without events where nothing is known."""
        return ((0, self.entries or 0),) if self.ranges is None else self.ranges

    @property
    def events(self) -> int:
        """Number of events to be read, as far as it is known."""
        return sum(stop - start for start, stop in self.to_read)

    def only(self, ranges: Iterable[Range]) -> Self:
        """Return the same file with other events to be read."""
        selected = union(ranges)
        whole = self.entries is not None and selected == union([(0, self.entries)])
        return self._replace(ranges=None if whole else selected)

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        return [
            ("file", shortened(self.path, from_left=True)),
            ("dataset", self.dataset),
            ("events", f"{self.events:,}" if self.is_counted else "not counted"),
            ("MB", "" if self.bytes is None else f"{self.bytes / 1e6:,.1f}"),
            ("other addresses", f"{len(self.replicas):,}"),
        ]

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        return {
            **field_columns(cls, "path", "tree", "dataset"),
            "uuid": Column(lambda file: file.uuid and str(file.uuid)),
            **field_columns(cls, "entries", "bytes"),
            "events": Column(lambda file: file.events if file.is_counted else None, int | None),
            "ranges": Column(lambda file: file.ranges and in_words(file.ranges)),
            "replicas": Column(lambda file: " ".join(file.replicas)),
            **field_columns(cls, "generation", "cluster"),
        }


class Files(TableRepr, list[InputFile]):
    """A list of files."""

    nothing = "no files"
    row = InputFile
