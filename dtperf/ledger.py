"""The ledger: one row for each file and chunk, whatever became of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["Ledger", "LedgerRow"]

SCHEMA = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False),
        pa.field("uuid", pa.string(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("stop", pa.int64(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("cause", pa.string(), nullable=False),
        pa.field("attempts", pa.int32(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("seconds", pa.float64(), nullable=False),
        pa.field("worker", pa.string(), nullable=False),
    ]
)


class LedgerRow(NamedTuple):
    """What became of one chunk."""

    file: str
    uuid: str
    """The file's own, which tells its copies from other files."""
    start: int
    """First event."""
    stop: int
    """One past the last event."""
    status: str
    """'read' or 'skipped'."""
    cause: str
    """Why it was not read, else empty."""
    attempts: int
    bytes: int
    """Compressed bytes asked of the file."""
    seconds: float
    """Wall time of reading and measuring."""
    worker: str
    """Host and process that did it."""

    @property
    def events(self) -> int:
        """Number of events."""
        return self.stop - self.start


class Ledger(tuple[LedgerRow, ...]):
    """Rows in order of file and first event."""

    __slots__ = ()

    def __new__(cls, rows: Iterable[LedgerRow]) -> Self:
        """Order the rows."""
        return super().__new__(cls, sorted(rows, key=lambda row: (row.file, row.uuid, row.start)))

    def events(self, status: str) -> int:
        """Count the events of all chunks with this status."""
        return sum(row.events for row in self if row.status == status)

    def write(self, path: Path) -> None:
        """Write the rows as a Parquet table."""
        columns = list(zip(*self, strict=True)) or [() for _ in SCHEMA]
        arrays = [pa.array(c, type=f.type) for c, f in zip(columns, SCHEMA, strict=True)]
        pq.write_table(pa.table(arrays, schema=SCHEMA), path, compression="zstd")

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """Read the rows of a Parquet table."""
        table = pq.read_table(path, schema=SCHEMA)
        return cls(LedgerRow(**row) for row in table.to_pylist())
