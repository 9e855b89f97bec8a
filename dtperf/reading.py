"""Read one chunk: the declared columns in one go, from a file that stays open between chunks."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from coffea.nanoevents import NanoEventsFactory
from coffea.processor import Runner
from coffea.processor.executor import WorkItem

from dtperf.errors import InputError
from dtperf.nanoaod import MuonDPGSchema
from dtperf.nanoaod.faults import classify, first_line
from dtperf.nanoaod.open import TIMEOUT_S
from dtperf.nanoaod.preloaded import Preloaded
from dtperf.openfiles import OpenFile, Wanted, close, opened, reason

__all__ = ["ChunkRunner", "read_events"]


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
            Of its `usermeta`, all optional: "source", the address to read from instead of the
            file's own; "bytes", the size that the file must have; "required", the branches that
            it must have, if nobody has looked yet; "timeout_s", how long an XRootD server may
            take for an answer, in seconds.

    Returns:
        Events with exactly these columns, as far as the file has them.

    Raises:
        InputError: The file cannot be read or is another than it was; `cause` tells which, the
            message names file and events. The file is closed then: another try opens it anew.
    """
    wanted = _wanted(item)
    try:
        file = opened(wanted)
        _refuse_too_short(file, item)
        before = file.bytes_read
        factory = NanoEventsFactory.from_root(
            file.directory,
            treepath=item.treename,
            entry_start=item.entrystart,
            entry_stop=item.entrystop,
            iteritems_options={"filter_branch": item.preload},
            schemaclass=MuonDPGSchema,
            metadata=_metadata(item),
        )
        events = slice(item.entrystart, item.entrystop)
        columns = file.read(events.start, events.stop)
        factory._mapping = Preloaded(factory._mapping, columns, events)
        read = file.bytes_read - before
        file.refuse_changed()
        return Chunk(factory.events(), read)
    except Exception as error:
        why = reason(wanted, error)
        close(wanted)
        raise _explained(item, wanted.address, why) from error
    except BaseException:  # interrupted, perhaps with an answer of the server on its way
        close(wanted)
        raise


def _wanted(item: WorkItem) -> Wanted:
    said = item.usermeta or {}
    return Wanted(
        address=said.get("source") or item.filename,
        tree=item.treename,
        uuid=item.fileuuid,
        bytes=said.get("bytes"),
        columns=item.preload,
        required=tuple(said.get("required") or ()),
        timeout_s=said.get("timeout_s") or TIMEOUT_S,
    )


def _refuse_too_short(file: OpenFile, item: WorkItem) -> None:
    # coffea would silently read up to the last event
    if item.entrystop > file.tree.num_entries:
        raise InputError(f"has only {file.tree.num_entries} events", "changed")


def _explained(item: WorkItem, address: str, error: Exception) -> InputError:
    elsewhere = f", at {address}," if address != item.filename else ""
    where = f"{item.filename}: events {item.entrystart} to {item.entrystop}{elsewhere}"
    if isinstance(error, InputError):
        told = str(error).removeprefix(f"{address}: ")
        return InputError(f"{where.rstrip(',')}: {told}", error.cause)
    return InputError(f"{where} cannot be read: {first_line(error)}", classify(error))


def _metadata(item: WorkItem) -> dict[str, Any]:
    return {
        "filename": item.filename,
        "treename": item.treename,
        "entrystart": item.entrystart,
        "entrystop": item.entrystop,
        "fileuuid": str(UUID(bytes=item.fileuuid)),
    }
