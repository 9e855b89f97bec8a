"""How far a run is, and where it is slow: what `dtperf status` shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from dtperf.errors import InputError
from dtperf.execution.checkpoint import RUN, is_running, newest
from dtperf.execution.use import (
    MEGABYTE,
    ServerUse,
    SlowFile,
    WorkerUse,
    server_uses,
    slowest_files,
    worker_uses,
)
from dtperf.results.cost import Cost, cost_of
from dtperf.results.ledger import Ledger
from dtperf.results.result import Result
from dtperf.validation import read_json

__all__ = ["RunStatus", "State", "sum_up", "summarize"]

State = Literal["running", "stopped", "complete", "complete with gaps"]
MAX_RUN_BYTES = 1 << 16
TRIES = 5


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
    file_remarks: Mapping[str, str]
    """What a user should know of files that were read, such as that one was not closed, by file."""
    files_total: int
    files_read: int
    """Files of which something was read."""
    files_skipped: int
    """Files of which something was skipped."""
    files_unknown: int
    """Files among these of which not even the number of events is known."""
    chunks_read: int
    chunks_skipped: int
    """Also whole files that could not be opened, where their events are known."""
    chunks_left: int | None
    """None: it is not known how many there are."""
    seconds: float
    """Of measuring, the jobs one after the other."""
    skims: tuple[str, ...]
    """What was measured in the place of files: the rest tells of how these were made."""
    worker_seconds: float
    """Of reading and measuring, all workers added up."""
    cost: Cost
    """Of these, on a core, and the energy that it took."""
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
    has_gaps = result is not None and result.skipped_files > 0
    finished: State = "complete with gaps" if has_gaps else "complete"
    return sum_up(result, planned, "running" if running else finished if is_final else "stopped")


def sum_up(result: Result | None, planned: Mapping[str, int], state: State) -> RunStatus:
    """Sum up what there is of a run.

    Args:
        result: What was measured so far; None: nothing.
        planned: The 'events', 'files' and 'chunks' that are to be measured, where that is known.
        state: Whether it goes on, which the result does not tell.
    """
    ledger = Ledger(()) if result is None else result.ledger
    read, skipped = ledger.events("read"), ledger.events("skipped")
    total = max(planned.get("events", 0), read + skipped)
    left = total - read - skipped
    rows_read = [row for row in ledger if row.status == "read"]
    rows_skipped = [row for row in ledger if row.status == "skipped"]
    measured = [row for row in rows_read if row.events]
    chunks_skipped = sum(row.events > 0 for row in rows_skipped)
    chunks = planned.get("chunks")
    jobs = () if result is None else result.jobs
    seconds = sum(job.get("seconds_measuring", 0.0) for job in jobs)
    return RunStatus(
        state=state,
        source="" if result is None else result.origin.words,
        runs=() if result is None else result.runs,
        events_total=total,
        events_read=read,
        events_skipped=skipped,
        events_left=left,
        events_doubled=0 if result is None else result.doubled_events,
        events_unnumbered=0 if result is None else result.unnumbered_events,
        event_remarks=() if result is None else tuple(result.event_remarks),
        file_remarks={} if result is None else result.remarks,
        files_total=max(planned.get("files", 0), len({row.identity for row in ledger})),
        files_read=len({row.identity for row in rows_read}),
        files_skipped=0 if result is None else result.skipped_files,
        files_unknown=0 if result is None else result.unknown_files,
        chunks_read=len(measured),
        chunks_skipped=chunks_skipped,
        # there may be more of them, and smaller ones, than was planned
        chunks_left=(
            None if chunks is None else max(chunks - len(measured) - chunks_skipped, int(left > 0))
        ),
        seconds=seconds,
        skims=() if result is None else result.skims,
        worker_seconds=sum(row.seconds for row in rows_read),
        cost=cost_of(result),
        megabytes=sum(row.bytes for row in rows_read) / MEGABYTE,
        seconds_left=(
            left * seconds / (read + skipped) if state == "running" and read + skipped else None
        ),
        causes=dict(Counter(row.cause for row in rows_skipped).most_common()),
        servers=server_uses(ledger),
        slowest=slowest_files(measured),
        workers=worker_uses(measured),
    )


def _planned(out: Path) -> dict[str, int]:
    """Read how much is to be done; nothing, where a result was not made by one run."""
    path = out / RUN
    if not path.is_file():
        return {}
    content: Any = read_json(path, MAX_RUN_BYTES)
    try:
        planned = {name: content[name] for name in ("events", "files")}
        planned |= {name: content[name] for name in ("chunks",) if name in content}
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
