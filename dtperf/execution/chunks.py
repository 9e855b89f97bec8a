"""Read one chunk: the declared columns in one go, from a file that stays open between chunks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

import awkward as ak
from coffea.processor import Runner
from coffea.processor.executor import WorkItem

from dtperf.addresses import remember
from dtperf.errors import InputError
from dtperf.execution.chunk_meta import meta_of, place_of
from dtperf.execution.credentials import adopt
from dtperf.execution.outputs import added
from dtperf.execution.planning import cut
from dtperf.nanoaod.faults import classify, first_line, raise_if_ours
from dtperf.nanoaod.open_files import FileRequest, OpenFile, close, open_checked, true_error
from dtperf.results.event_sample import EVENT_BRANCHES, EventSample, SourceFile
from dtperf.results.origin import EventOrigin
from dtperf.wording import counted

__all__ = ["EVENT_SAMPLE", "ORIGIN", "ChunkRunner", "read_events"]


EVENT_SAMPLE = "event_sample"
"""What the outputs of processors have in addition: an `EventSample`."""
ORIGIN = "origin"
"""And an `EventOrigin`."""
PARTS, SMALLEST_PART = 4, 10_000
"""Of a chunk from a server: about a quarter of its transfer is waited for."""


class Chunk(NamedTuple):
    """Events in memory."""

    events: Any
    """NanoEvents."""
    bytes: int
    """Compressed bytes that were read."""
    sample: EventSample
    """Of their numbers; of no events where the file has none."""
    origin: EventOrigin
    remark: str = ""
    """What a user should know of the file; empty: nothing."""


class ChunkRunner(Runner):  # type: ignore[misc]  # coffea is untyped
    """coffea's Runner with our reading.

    coffea's own opens the file anew and describes every branch for each chunk: with the 410
    branches of this data that takes longer than measuring 100,000 events.
    """

    @staticmethod
    def _work_function(*args: Any, processor_instance: Any, **_: Any) -> dict[str, Any]:
        output, size, remark = None, 0, ""
        parts = _parts(args[-1])
        for number, part in enumerate(parts):
            chunk = read_events(part, *parts[number + 1 : number + 2])
            measured = {
                **processor_instance.process(chunk.events),
                EVENT_SAMPLE: chunk.sample,
                ORIGIN: chunk.origin,
            }
            output = measured if output is None else added([measured], output)
            size += chunk.bytes
            remark = chunk.remark
        return {"out": output, "bytes": size, "remark": remark}


def _parts(item: WorkItem) -> list[WorkItem]:
    """Cut a chunk from a server into parts: one comes over the network while one is measured.

    Only where clusters end, since what lies across an edge would be read twice.
    """
    meta = meta_of(item)
    cluster = meta.cluster
    if not cluster or "://" not in (meta.source or item.filename):
        return [item]
    size = max(-(-len(item) // PARTS), SMALLEST_PART, cluster)
    edges = cut(item.entrystart, item.entrystop, size, cluster)
    return [replace(item, entrystart=start, entrystop=stop) for start, stop in edges]


def read_events(item: WorkItem, following: WorkItem | None = None) -> Chunk:
    """Read the columns of a chunk that are declared in its `preload`.

    Args:
        item: File, tree, range of events, UUID of the file, a `ColumnFilter` as `preload`, and a
            `dtperf.execution.chunk_meta.ChunkMeta` as `usermeta`, or None.
        following: Events of the same file that will be read next: their bytes are asked for, but
            not waited for.

    Returns:
        Events with exactly these columns, as far as the file has them.

    Raises:
        InputError: The file cannot be read or is another than it was; `cause` tells which, the
            message names file and events. The file is closed then: another try opens it anew.
        DtperfError: Our own code, memory or machine is to blame, and not the file.
    """
    wanted = _wanted(item)
    try:
        file = open_checked(wanted)
        _refuse_too_short(file, item)
        before = file.bytes_read
        columns = file.read(item.entrystart, item.entrystop, meta_of(item).threads)
        if following is None:
            file.check_unchanged()
        else:
            file.prefetch(following.entrystart, following.entrystop)
        size, remark, mark = file.bytes_read - before, file.remark, file.mark
    except Exception as error:
        why = true_error(wanted, error)
        close(wanted)
        raise_if_ours(f"{_place(item, wanted.address)} reading failed", why)
        raise _explained(item, wanted.address, why) from error
    except BaseException:  # interrupted, perhaps with an answer of the server on its way
        close(wanted)
        raise
    # the file has nothing more to say: what goes wrong from here on is none of its faults
    events = file.events(columns, item.entrystart, item.entrystop, _metadata(item))
    numbers = None
    if columns.keys() >= {*EVENT_BRANCHES}:
        numbers = {name: ak.to_numpy(columns[name]) for name in EVENT_BRANCHES}
    origin = EventOrigin.of(mark, len(item), numbers)
    return Chunk(events, size, _sample(item, numbers), origin, remark)


def _sample(item: WorkItem, numbers: Mapping[str, Any] | None) -> EventSample:
    if numbers is None:
        return EventSample()
    file = SourceFile(str(UUID(bytes=item.fileuuid)), item.dataset)
    return EventSample.of(numbers, file, meta_of(item).halvings)


def _wanted(item: WorkItem) -> FileRequest:
    meta = meta_of(item)
    if meta.secret:
        remember(meta.secret.content)
    adopt(meta.credentials)
    return FileRequest(
        address=meta.source or item.filename,
        tree=item.treename,
        uuid=item.fileuuid,
        bytes=meta.bytes,
        columns=item.preload,
        required=meta.required,
        timeout_s=meta.timeout_s,
    )


def _refuse_too_short(file: OpenFile, item: WorkItem) -> None:
    # coffea would silently read up to the last event
    if item.entrystop > file.tree.num_entries:
        raise InputError(f"has only {counted(file.tree.num_entries, 'event')}", "changed")


def _explained(item: WorkItem, address: str, error: Exception) -> InputError:
    where = _place(item, address)
    if isinstance(error, InputError):
        message = str(error).removeprefix(f"{address}: ")
        return InputError(f"{where.rstrip(',')}: {message}", error.cause)
    return InputError(f"{where} cannot be read: {first_line(error)}", classify(error))


def _place(item: WorkItem, address: str) -> str:
    elsewhere = f", at {address}," if address != item.filename else ""
    return f"{place_of(item)}{elsewhere}"


def _metadata(item: WorkItem) -> dict[str, Any]:
    return {
        "filename": item.filename,
        "treename": item.treename,
        "entrystart": item.entrystart,
        "entrystop": item.entrystop,
        "fileuuid": str(UUID(bytes=item.fileuuid)),
    }
