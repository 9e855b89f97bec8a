"""The events of a skim."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import xxhash

from dtperf.errors import InputError
from dtperf.skim.columns import check
from dtperf.skim.parts import EVENTS, SUFFIX
from dtperf.skim.stored import Skim

__all__ = ["read_part"]

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
