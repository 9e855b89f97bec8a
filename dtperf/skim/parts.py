"""Write and read the files of a skim: a pair for each chunk that was read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import pyarrow as pa
import xxhash
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dtperf.errors import InputError
from dtperf.files import write_atomic
from dtperf.skim.columns import Columns, to_arrow
from dtperf.skim.tally import LuminosityTally

__all__ = [
    "BLOCKS",
    "EVENTS",
    "SUFFIX",
    "Compression",
    "PackedChunk",
    "PartInfo",
    "pack",
    "read_blocks",
]

EVENTS, BLOCKS, SUFFIX = "events", "blocks", ".arrow"
BATCH = 65_536
"""Events in a record batch: intermediate arrays of so many stay in a core's cache."""
Compression = Literal["none", "lz4", "zstd"]
INFO = b"dtperf"
MAX_BLOCKS_BYTES = 1 << 28


class PartInfo(BaseModel):
    """Size and checksum of a file of events."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    events: Annotated[int, Field(ge=0)]
    """Events that were kept."""
    bytes: Annotated[int, Field(ge=0)]
    xxh3: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    """XXH3 of 128 bits of the file."""


class PackedChunk(NamedTuple):
    """The two files of a chunk, as bytes."""

    name: str
    events: bytes
    blocks: bytes

    def write(self, out: Path) -> None:
        """Write both, so that the second one is there only if the first one is whole.

        Args:
            out: Directory of the skim, in which `begin` was called.
        """
        for folder, content in ((EVENTS, self.events), (BLOCKS, self.blocks)):
            # a chunk that is late is done twice, perhaps at the same time: with equal content
            write_atomic(out / folder / f"{self.name}{SUFFIX}", content)


def pack(
    name: str, columns: Columns, tallied: LuminosityTally, compression: Compression
) -> PackedChunk:
    """Return the two files of a chunk: its kept events, and the counts of all its events."""
    whole = to_arrow(columns)
    batches = [whole.slice(at, BATCH) for at in range(0, max(len(columns), 1), BATCH)]
    events = _file(whole.schema, batches, compression)
    info = PartInfo(events=len(columns), bytes=len(events), xxh3=xxhash.xxh3_128_hexdigest(events))
    table = tallied.to_arrow().replace_schema_metadata({INFO: info.model_dump_json()})
    return PackedChunk(name, events, _file(table.schema, table.to_batches(), "none"))


def read_blocks(path: Path) -> tuple[LuminosityTally, PartInfo]:
    """Read the counts by luminosity block of a chunk, and the size of its file of events.

    Raises:
        InputError: It cannot be read.
    """
    try:
        if path.stat().st_size > MAX_BLOCKS_BYTES:
            raise InputError(f"{path}: larger than any table of blocks", "oversize")
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
        info = PartInfo.model_validate_json((table.schema.metadata or {}).get(INFO, b"{}"))
    except (OSError, pa.ArrowException, ValidationError) as error:
        raise InputError(f"{path}: cannot be read: {error}", "corrupt") from None
    return LuminosityTally.from_arrow(table, str(path)), info


def _file(schema: pa.Schema, batches: list[pa.RecordBatch], compression: Compression) -> bytes:
    options = pa.ipc.IpcWriteOptions(
        compression=None if compression == "none" else compression, unify_dictionaries=False
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, schema, options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)
    content: bytes = sink.getvalue().to_pybytes()
    return content
