"""What servers, workers and files have taken of a run, by the rows of its ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from dtperf.addresses import bare
from dtperf.filesets.replicas import server_of
from dtperf.results.ledger import LedgerRow

__all__ = [
    "MEGABYTE",
    "ServerUse",
    "SlowFile",
    "WorkerUse",
    "server_uses",
    "slowest_files",
    "worker_uses",
]

MEGABYTE = 1e6
SLOWEST = 10


class ServerUse(NamedTuple):
    """What one server has given; 'local' for files of this machine."""

    name: str
    files: int
    """Of which something was read."""
    events: int
    """That were read."""
    megabytes: float
    seconds: float
    """Of all workers that read from it, reading and measuring."""
    retried_chunks: int
    """Chunks that were tried more than once and read here or tried here last."""
    failures: int
    """Chunks and files that were tried here last, and skipped."""

    @property
    def megabytes_per_second(self) -> float:
        """Of one worker that reads from it; 0 if none has."""
        return self.megabytes / self.seconds if self.seconds else 0.0


class SlowFile(NamedTuple):
    """A file that took long."""

    file: str
    servers: tuple[str, ...]
    workers: tuple[str, ...]
    events: int
    seconds: float
    """Of all workers that read it, reading and measuring."""
    milliseconds_per_event: float


class WorkerUse(NamedTuple):
    """What one worker has done."""

    name: str
    """Host and process."""
    chunks: int
    events: int
    megabytes: float
    """Compressed bytes that it has read."""
    seconds: float
    """Of reading and measuring, its threads added up."""
    cpu_percent: float
    """Of these."""
    memory_megabytes: float
    """The most that its process has had."""


def server_uses(rows: Iterable[LedgerRow]) -> tuple[ServerUse, ...]:
    """Sum up by server, in order of their events.

    Args:
        rows: Of the ledger, read and skipped.
    """
    uses = (_server(name, mine) for name, mine in _grouped(rows, _server_of).items())
    return tuple(sorted(uses, key=lambda server: (-server.events, server.name)))


def worker_uses(rows: Iterable[LedgerRow]) -> tuple[WorkerUse, ...]:
    """Sum up by worker, in order of their names.

    Args:
        rows: That have events, and were read.
    """
    workers = _grouped(rows, lambda row: row.worker)
    return tuple(_worker(name, mine) for name, mine in sorted(workers.items()))


def slowest_files(rows: Iterable[LedgerRow]) -> tuple[SlowFile, ...]:
    """Return the ten files with the most seconds for an event.

    Args:
        rows: That have events, and were read.
    """
    slowest = [_slow_file(mine) for mine in _grouped(rows, lambda row: row.identity).values()]
    slowest.sort(key=lambda file: (-file.milliseconds_per_event, file.file))
    return tuple(slowest[:SLOWEST])


# Not pyarrow's group_by: rows would become a table first, which takes four times as long as this.


def _grouped(
    rows: Iterable[LedgerRow], key: Callable[[LedgerRow], str]
) -> dict[str, list[LedgerRow]]:
    groups: dict[str, list[LedgerRow]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def _server_of(row: LedgerRow) -> str:
    return server_of(bare(row.source or row.file))


def _server(name: str, rows: Sequence[LedgerRow]) -> ServerUse:
    read = [row for row in rows if row.status == "read"]
    return ServerUse(
        name=name,
        files=len({row.identity for row in read}),
        events=sum(row.events for row in read),
        megabytes=sum(row.bytes for row in read) / MEGABYTE,
        seconds=sum(row.seconds for row in read),
        retried_chunks=sum(row.attempts > 1 for row in rows),
        failures=len(rows) - len(read),
    )


def _worker(name: str, rows: Sequence[LedgerRow]) -> WorkerUse:
    seconds, cpu = sum(row.seconds for row in rows), sum(row.cpu_seconds for row in rows)
    return WorkerUse(
        name=name,
        chunks=len(rows),
        events=sum(row.events for row in rows),
        megabytes=sum(row.bytes for row in rows) / MEGABYTE,
        seconds=seconds,
        cpu_percent=100 * cpu / seconds if seconds else 0.0,
        memory_megabytes=max(row.memory for row in rows) / MEGABYTE,
    )


def _slow_file(rows: Sequence[LedgerRow]) -> SlowFile:
    events, seconds = sum(row.events for row in rows), sum(row.seconds for row in rows)
    return SlowFile(
        file=rows[0].file,
        servers=tuple(sorted({*map(_server_of, rows)})),
        workers=tuple(sorted({row.worker for row in rows})),
        events=events,
        seconds=seconds,
        milliseconds_per_event=1000 * seconds / events,
    )
