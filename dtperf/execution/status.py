"""How far a run is, and where it is slow: what `dtperf status` shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from dtperf.errors import InputError
from dtperf.execution.checkpoint import RUN, is_running, newest
from dtperf.filesets.replicas import server_of
from dtperf.results.ledger import Ledger, LedgerRow
from dtperf.results.result import Result
from dtperf.validation import read_json

__all__ = ["RunStatus", "ServerUse", "SlowFile", "WorkerUse", "summarize"]

State = Literal["running", "stopped", "complete", "complete with gaps"]
MEGABYTE = 1e6
SLOWEST = 10
MAX_RUN_BYTES = 1 << 16
TRIES = 5


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


class RunStatus(NamedTuple):
    """The state of a run."""

    state: State
    source: str
    """'data', 'simulation', 'synthetic events', or several of them; empty: it is not known."""
    runs: tuple[int, ...]
    """Of the events that were read."""
    events_total: int
    """Of all inputs, as far as they are known."""
    events_read: int
    events_skipped: int
    events_left: int
    events_doubled: int
    """Of those read, that are there already by their numbers; see `Result.doubled_events`."""
    events_unnumbered: int
    """Of those read, whose numbers are not known."""
    event_remarks: tuple[str, ...]
    """The same in words; none where each event is known to be there once."""
    files_total: int
    files_read: int
    """Files of which something was read."""
    files_skipped: int
    """Files of which something was skipped."""
    files_unknown: int
    """Files among these of which not even the number of events is known."""
    seconds: float
    """Of measuring, the jobs one after the other."""
    skims: tuple[str, ...]
    """What was measured in the place of files: the rest tells of how these were made."""
    worker_seconds: float
    """Of reading and measuring, all workers added up."""
    megabytes: float
    """Compressed bytes that were read."""
    seconds_left: float | None
    """Until a run that goes on will be done, at the speed it had; None if it does not go on."""
    causes: dict[str, int]
    """How many chunks, and files that could not be opened, were skipped for each cause."""
    servers: tuple[ServerUse, ...]
    """In order of their events."""
    slowest: tuple[SlowFile, ...]
    """The ten files with the most seconds for an event."""
    workers: tuple[WorkerUse, ...]
    """In order of their names."""

    @property
    def percent(self) -> float:
        """Part of the events that are done with, read or skipped."""
        done = self.events_read + self.events_skipped
        return 100 * done / self.events_total if self.events_total else 0.0

    @property
    def events_per_second(self) -> float:
        """Speed of the whole run."""
        return self.events_read / self.seconds if self.seconds else 0.0

    @property
    def events_per_worker_second(self) -> float:
        """Speed of one worker while it works."""
        return self.events_read / self.worker_seconds if self.worker_seconds else 0.0

    @property
    def megabytes_per_second(self) -> float:
        """Rate of reading of the whole run."""
        return self.megabytes / self.seconds if self.seconds else 0.0

    @property
    def megabytes_per_worker_second(self) -> float:
        """Rate of reading of one worker while it works."""
        return self.megabytes / self.worker_seconds if self.worker_seconds else 0.0


def summarize(out: str | Path) -> RunStatus:
    """Sum up a run from its directory, whether it goes on, was stopped or is complete.

    Args:
        out: The directory.

    Raises:
        InputError: It is not that of a run, or cannot be read.
    """
    directory = Path(out)
    if not directory.is_dir():
        raise InputError(f"{directory}: no such directory", "missing")
    running, planned = is_running(directory), _planned(directory)
    result, is_final = _load(directory)
    if result is None and not planned:
        raise InputError(
            f"{directory}: is not the directory of a run: it has no result and no {RUN}", "missing"
        )
    ledger = Ledger(()) if result is None else result.ledger
    read, skipped = ledger.events("read"), ledger.events("skipped")
    total = max(planned.get("events", 0), read + skipped)
    left = total - read - skipped
    rows_read = [row for row in ledger if row.status == "read"]
    rows_skipped = [row for row in ledger if row.status == "skipped"]
    servers = (_server(name, rows) for name, rows in _grouped(ledger, _server_of).items())
    measured = [row for row in rows_read if row.events]
    workers = _grouped(measured, lambda row: row.worker)
    slowest = [_slow_file(rows) for rows in _grouped(measured, lambda row: row.identity).values()]
    slowest.sort(key=lambda file: (-file.milliseconds_per_event, file.file))
    jobs = () if result is None else result.jobs
    seconds = sum(job.get("seconds_measuring", 0.0) for job in jobs)
    finished: State = "complete with gaps" if rows_skipped else "complete"
    return RunStatus(
        state="running" if running else finished if is_final else "stopped",
        source="" if result is None else result.origin.words,
        runs=() if result is None else result.runs,
        events_total=total,
        events_read=read,
        events_skipped=skipped,
        events_left=left,
        events_doubled=0 if result is None else result.doubled_events,
        events_unnumbered=0 if result is None else result.unnumbered_events,
        event_remarks=() if result is None else tuple(result.event_remarks),
        files_total=max(planned.get("files", 0), len({row.identity for row in ledger})),
        files_read=len({row.identity for row in rows_read}),
        files_skipped=0 if result is None else result.skipped_files,
        files_unknown=0 if result is None else result.unknown_files,
        seconds=seconds,
        skims=() if result is None else result.skims,
        worker_seconds=sum(row.seconds for row in rows_read),
        megabytes=sum(row.bytes for row in rows_read) / MEGABYTE,
        seconds_left=left * seconds / (read + skipped) if running and read + skipped else None,
        causes=dict(Counter(row.cause for row in rows_skipped).most_common()),
        servers=tuple(sorted(servers, key=lambda server: (-server.events, server.name))),
        slowest=tuple(slowest[:SLOWEST]),
        workers=tuple(_worker(name, rows) for name, rows in sorted(workers.items())),
    )


def _planned(out: Path) -> dict[str, int]:
    """Read how much is to be done; nothing, where a result was not made by one run."""
    path = out / RUN
    if not path.is_file():
        return {}
    content: Any = read_json(path, MAX_RUN_BYTES)
    try:
        planned = {name: content[name] for name in ("events", "files")}
    except (KeyError, TypeError):
        planned = {}
    if not planned or any(type(count) is not int or count < 0 for count in planned.values()):
        raise InputError(f"{path}: does not say how many 'events' and 'files' are run", "corrupt")
    return planned


def _load(out: Path) -> tuple[Result | None, bool]:
    """Load the newest result, and tell whether it is the last one of its run."""
    for attempt in range(TRIES):
        found = newest(out)
        if found is None:
            return None, False
        try:
            return Result.load(found), found == out
        except InputError:
            # a run that goes on removes what is older than its newest
            if attempt == TRIES - 1 or newest(out) == found:
                raise
    raise AssertionError


# Not pyarrow's group_by: rows would become a table first, which takes four times as long as this.


def _grouped(
    rows: Iterable[LedgerRow], key: Callable[[LedgerRow], str]
) -> dict[str, list[LedgerRow]]:
    groups: dict[str, list[LedgerRow]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def _server_of(row: LedgerRow) -> str:
    return server_of(row.source or row.file)


def _server(name: str, rows: list[LedgerRow]) -> ServerUse:
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


def _worker(name: str, rows: list[LedgerRow]) -> WorkerUse:
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


def _slow_file(rows: list[LedgerRow]) -> SlowFile:
    events, seconds = sum(row.events for row in rows), sum(row.seconds for row in rows)
    return SlowFile(
        file=rows[0].file,
        servers=tuple(sorted({*map(_server_of, rows)})),
        workers=tuple(sorted({row.worker for row in rows})),
        events=events,
        seconds=seconds,
        milliseconds_per_event=1000 * seconds / events,
    )
