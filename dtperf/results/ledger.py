"""The ledger: one row for each file and chunk, whatever became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple, Self, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from dtperf.addresses import hide
from dtperf.errors import Cause, InputError
from dtperf.results.row_columns import Column, Columns, field_columns
from dtperf.results.table import Table, shortened
from dtperf.validation import check_table

__all__ = ["Ledger", "LedgerRow", "number_array"]

MAX_ROWS, MAX_BYTES = 1_000_000, 1 << 28
"""What is read at most: a hundred times what the largest runs leave."""

SCHEMA = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("uuid", pa.string(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("stop", pa.int64(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("cause", pa.string(), nullable=False),
        pa.field("message", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("attempts", pa.int32(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("seconds", pa.float64(), nullable=False),
        pa.field("worker", pa.string(), nullable=False),
        pa.field("cpu_seconds", pa.float64(), nullable=False),
        pa.field("memory", pa.int64(), nullable=False),
    ]
)
TEXTS = [field.name for field in SCHEMA if field.type == pa.string()]


class LedgerRow(NamedTuple):
    """What became of one chunk."""

    file: str
    """As the input names it."""
    uuid: str
    """The file's own, which tells its copies from other files; empty if it was never read."""
    start: int
    """First event."""
    stop: int
    """One past the last event."""
    status: str
    """'read' or 'skipped'."""
    cause: str
    """Why it was not read, one of `dtperf.errors.Cause`; else empty."""
    message: str
    """The whole reason; of what was read, what a user should know of the file, else empty."""
    source: str
    """The address it was read from, or where it was last tried."""
    attempts: int
    """How often it was tried in all."""
    bytes: int
    """Compressed bytes asked of the file."""
    seconds: float
    """Wall time of reading and measuring, without that of compiling."""
    worker: str
    """Host, and process or name of the Dask worker, that did it."""
    cpu_seconds: float = 0.0
    """Of the last attempt, of its thread."""
    memory: int = 0
    """The most bytes that its process has had so far."""

    @property
    def events(self) -> int:
        """Number of events."""
        return self.stop - self.start

    @property
    def is_counted(self) -> bool:
        """Whether anybody knows how many events it has: not of a file that was never opened."""
        return bool(self.events or self.uuid)

    @property
    def identity(self) -> str:
        """What tells the file from others: its UUID, or its path if it was never opened."""
        return self.uuid or f"never opened: {self.file}"

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        reason = self.message.removeprefix(f"{self.file}: ") or self.cause
        return [
            ("file", shortened(self.file, from_left=True)),
            ("events", f"{self.start:,} to {self.stop:,}"),
            ("status", self.status),
            ("why", shortened(reason)),
            ("tried", f"{self.attempts:,}"),
            ("MB", f"{self.bytes / 1e6:,.1f}"),
            ("seconds", f"{self.seconds:,.1f}"),
            ("worker", self.worker),
        ]

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        return {**field_columns(cls), "events": Column(attrgetter("events"), int)}


class Ledger(Table[LedgerRow]):
    """Rows in order of file and first event."""

    def __new__(cls, rows: Iterable[LedgerRow]) -> Self:
        """Order the rows."""
        return super().__new__(cls, sorted(rows), "no file was read or skipped", LedgerRow)

    def events(self, status: str) -> int:
        """Count the events of all chunks with this status."""
        return sum(row.events for row in self if row.status == status)

    def by_file(self) -> dict[tuple[str, str], tuple[tuple[int, int], ...]]:
        """Return the events of each file that were read or skipped, however they were cut.

        Returns:
            Ranges, each from the first event to one past the last, by the file's identity and
            'read' or 'skipped'; neighbours are one range.
        """
        ranges: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for row in sorted(self, key=attrgetter("start", "stop")):
            mine = ranges.setdefault((row.identity, row.status), [])
            if mine and mine[-1][1] == row.start:
                mine[-1] = (mine[-1][0], row.stop)
            else:
                mine.append((row.start, row.stop))
        return {key: tuple(mine) for key, mine in ranges.items()}

    def path_of(self, uuid: str) -> str:
        """Return the path of the file of a UUID; the UUID itself, if there is none."""
        return next((row.file for row in self if row.uuid == uuid), uuid)

    def to_parquet(self) -> bytes:
        """Make a Parquet table of the rows."""
        columns = list(zip(*self, strict=True)) or [() for _ in SCHEMA]
        arrays = [_array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)]
        stream = pa.BufferOutputStream()
        # not compressed: then it cannot grow when it is read, however it was made
        pq.write_table(pa.table(arrays, schema=SCHEMA), stream, compression="none")
        content: bytes = stream.getvalue().to_pybytes()
        return content

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """Read the rows of a Parquet table, in memory that is bounded whatever the file holds.

        Raises:
            InputError: It is no ledger, or a row cannot be true.
        """
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: more than {MAX_BYTES >> 20} MiB: no ledger", "oversize")
        try:
            with pq.ParquetFile(path) as file:
                check_table(file, path, SCHEMA, MAX_ROWS, "ledger")
            # texts stay in a dictionary: a long one that a million rows share takes its length once
            with pq.ParquetFile(path, read_dictionary=TEXTS) as file:
                table = file.read()
            columns = [_values(column) for column in table.combine_chunks().columns]
            ledger = cls(map(LedgerRow._make, zip(*columns, strict=True)))
        except (pa.ArrowException, OSError, ValueError, TypeError) as error:
            raise InputError(f"{path}: the ledger cannot be read: {error}", "corrupt") from error
        _check_rows(ledger, path)
        return ledger


def number_array(values: npt.ArrayLike, kind: pa.DataType) -> pa.Array:
    """Make an Arrow array; `pa.array` would import pandas to see if it is given some of its.

    Args:
        values: Numbers, shape (n,).
        kind: What they are stored as.
    """
    numbers = np.array(values, dtype=kind.to_pandas_dtype())  # NumPy's, for all its name
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers)])


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if not pa.types.is_string(kind):
        return number_array(values, kind)
    texts = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, texts)])
    if ends[-1] > np.iinfo(np.int32).max:
        raise ValueError("the texts of a ledger take more than 2 GB")
    offsets = pa.py_buffer(ends.astype(np.int32))
    return pa.Array.from_buffers(kind, len(texts), [None, offsets, pa.py_buffer(b"".join(texts))])


def _values(column: Any) -> list[Any]:
    """Make Python objects of a column; equal texts are one object.

    By DLPack, as Arrow's `to_numpy` imports pandas.
    """
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    values: list[Any] = []
    for chunk in chunks:
        if chunk.null_count:
            raise ValueError("a value is missing")
        if pa.types.is_dictionary(chunk.type):
            # an older one may have tokens in it
            texts = np.array([*map(hide, chunk.dictionary.to_pylist())], dtype=object)
            values += texts[np.from_dlpack(chunk.indices)].tolist()
        else:
            values += np.from_dlpack(chunk).tolist()
    return values


def _check_rows(ledger: Ledger, path: Path) -> None:
    causes = {*get_args(Cause)}
    for row in ledger:
        read = row.status == "read"
        true = (
            (read or row.status == "skipped")
            and 0 <= row.start <= row.stop
            and (row.uuid and not row.cause if read else row.cause in causes)
            and row.attempts >= 0
            and row.bytes >= 0
            and row.memory >= 0
            and 0 <= row.seconds < float("inf")
            and 0 <= row.cpu_seconds < float("inf")
        )
        if not true:
            raise InputError(
                f"{path}: this row of the ledger cannot be: {str(row)[:1000]}", "corrupt"
            )
