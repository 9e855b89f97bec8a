"""The file of a result that holds the sample of its events: Parquet, read with suspicion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dtperf.errors import InputError
from dtperf.results.event_sample import (
    ENTRY,
    LARGEST,
    NO_FILE,
    EventSample,
    SourceFile,
    hash_entries,
)
from dtperf.results.ledger import number_array
from dtperf.validation import check_table

__all__ = ["read_sample", "sample_to_parquet"]

VERSION = 1
MAX_BYTES = 1 << 26
ABOUT = b"dtperf"
SCHEMA = pa.schema(
    [
        pa.field(name, pa.from_numpy_dtype(ENTRY[name]), nullable=False)
        for name in ENTRY.names or ()
        if name != "hash"
    ]
)


class _About(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Literal[1]
    events: Annotated[int, Field(ge=0, lt=1 << 62)]
    halvings: Annotated[int, Field(ge=0, le=65)]
    files: list[tuple[str, str]]


def sample_to_parquet(sample: EventSample) -> bytes:
    """Make a Parquet table of a sample: equal samples give equal bytes."""
    # neighbours in a file have most of their bits in common
    order = np.lexsort([sample.entries[name] for name in ("event", "luminosityBlock", "run")])
    entries = sample.entries[order]
    about = _About(
        version=VERSION, events=sample.events, halvings=sample.halvings, files=[*sample.files]
    )
    arrays = [number_array(entries[field.name], field.type) for field in SCHEMA]
    table = pa.table(arrays, schema=SCHEMA.with_metadata({ABOUT: about.model_dump_json()}))
    stream = pa.BufferOutputStream()
    pq.write_table(
        table,
        stream,
        # not compressed, as the ledger: then it cannot grow when it is read
        compression="none",
        use_dictionary=[name for name in SCHEMA.names if name != "event"],
        column_encoding={"event": "DELTA_BINARY_PACKED"},
    )
    content: bytes = stream.getvalue().to_pybytes()
    return content


def read_sample(path: Path) -> EventSample:
    """Read a sample of events, in memory that is bounded whatever the file holds.

    Raises:
        InputError: It is none, or cannot be true.
    """
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path}: more than {MAX_BYTES >> 20} MiB: no sample", "oversize")
    try:
        with pq.ParquetFile(path) as file:
            check_table(file, path, SCHEMA, LARGEST, "sample of events")
            about = _About.model_validate_json(
                (file.metadata.metadata or {}).get(ABOUT, b""), strict=True
            )
            table = file.read()
        return _made(about, table)
    except (pa.ArrowException, OSError, ValidationError, ValueError, TypeError) as error:
        message = f"{path}: the sample of events cannot be read: {error}"
        raise InputError(message, "corrupt") from None


def _made(about: _About, table: pa.Table) -> EventSample:
    """Make a sample of what was read, if it can be true.

    Raises:
        ValueError: It cannot.
    """
    files = tuple(SourceFile(*each) for each in about.files)
    if any(column.null_count for column in table.columns):
        raise ValueError("a value is missing")
    entries = np.empty(len(table), dtype=ENTRY)
    for name in SCHEMA.names:
        # by DLPack: `to_numpy` imports pandas
        columns = [np.from_dlpack(chunk) for chunk in table[name].chunks]
        entries[name] = np.concatenate([entries[name][:0], *columns])
    first, second, count = (entries[name] for name in ("first", "second", "count"))
    if [*files] != sorted({*files}):
        raise ValueError("its files are not in order")
    if (first < 0).any() or (first >= len(files)).any():
        raise ValueError("an event is in no file")
    is_one = count == 1
    if (second[is_one] != NO_FILE).any() or (second[~is_one] >= len(files)).any():
        raise ValueError("an event is not in the files that it is counted in")
    if (count < 1).any() or (count > about.events).any() or (second < first).any():
        raise ValueError("a count cannot be")
    total = int(count.astype(object).sum()) if len(count) else 0
    if total > about.events or (not about.halvings and total != about.events):
        raise ValueError(f"it has {total} of {about.events} events")
    hash_entries(entries, files)
    sample = EventSample.made(about.events, about.halvings, files, entries)
    if len(sample.entries) != len(entries) or sample.files != files:
        raise ValueError("it has events that it cannot have, or names files of none")
    return sample
