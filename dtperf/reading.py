"""Read one chunk: the declared columns in one go, from a file that stays open between chunks."""

from __future__ import annotations

from functools import lru_cache
from threading import get_ident
from typing import Any, NamedTuple
from uuid import UUID

import uproot
from coffea.nanoevents import NanoEventsFactory
from coffea.processor import Runner
from coffea.processor.executor import WorkItem

from dtperf.errors import DtperfError, InputError
from dtperf.nanoaod import MuonDPGSchema

__all__ = ["ChunkRunner", "read_events"]

OPEN_FILES = 4
"""How many files a process keeps open; chunks of one file come one after the other."""


class Chunk(NamedTuple):
    """Events in memory."""

    events: Any
    """NanoEvents."""
    bytes: int
    """Compressed bytes that were read."""


class ChunkRunner(Runner):  # type: ignore[misc]  # coffea is untyped
    """coffea's Runner with our reading.

    coffea's own opens the file anew and describes every branch for each chunk: with the 410
    branches of this data that takes longer than measuring 100,000 events.
    """

    @staticmethod
    def _work_function(*args: Any, processor_instance: Any, **_: Any) -> dict[str, Any]:
        chunk = read_events(args[-1])
        return {"out": processor_instance.process(chunk.events), "bytes": chunk.bytes}


def read_events(item: WorkItem) -> Chunk:
    """Read the columns of a chunk that are declared in its `preload`.

    Args:
        item: File, tree, range of events, UUID of the file, and a `ColumnFilter` as `preload`.

    Returns:
        Events with exactly these columns, as far as the file has them.

    Raises:
        InputError: The file cannot be read or has changed; the message names file and events.
    """
    try:
        file = _open(item.filename, item.fileuuid, get_ident())
        before = file.file.source.num_requested_bytes
        events = NanoEventsFactory.from_root(
            file,
            treepath=item.treename,
            entry_start=item.entrystart,
            entry_stop=item.entrystop,
            preload=item.preload,
            iteritems_options={"filter_branch": item.preload},
            schemaclass=MuonDPGSchema,
            metadata=_metadata(item),
        ).events()
        return Chunk(events, file.file.source.num_requested_bytes - before)
    except DtperfError:
        raise
    except Exception as error:
        _open.cache_clear()
        where = f"{item.filename}: events {item.entrystart} to {item.entrystop}"
        raise InputError(f"{where} cannot be read: {str(error) or type(error).__name__}") from error


@lru_cache(maxsize=OPEN_FILES)
def _open(path: str, uuid: bytes, thread: int) -> Any:  # noqa: ARG001  # each has its own
    # no chunk is read twice: uproot need not keep what was read
    file = uproot.open({path: None}, array_cache=None)
    if file.file.uuid.bytes != uuid:
        raise InputError(f"{path}: was replaced after it was checked: run again")
    return file


def _metadata(item: WorkItem) -> dict[str, Any]:
    return {
        "filename": item.filename,
        "treename": item.treename,
        "entrystart": item.entrystart,
        "entrystop": item.entrystop,
        "fileuuid": str(UUID(bytes=item.fileuuid)),
    }
