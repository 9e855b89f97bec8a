"""What a run has done so far: one sum, and one row for each chunk that has ended."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dtperf.config import AnalysisConfig
from dtperf.errors import OURS, DtperfError
from dtperf.execution.checkpoint import RunDirectory
from dtperf.execution.chunks import EVENT_SAMPLE, ORIGIN
from dtperf.execution.executor import ChunkResult, Update
from dtperf.execution.outputs import added
from dtperf.execution.provenance import machine
from dtperf.filesets.check import CheckedFile, UnreadableFile
from dtperf.measurements.histograms import sort_categories
from dtperf.process import uninterrupted
from dtperf.results.doubled import Gathered, refusal
from dtperf.results.event_sample import EventSample
from dtperf.results.extra import in_order
from dtperf.results.ledger import Ledger, LedgerRow
from dtperf.results.origin import EventOrigin
from dtperf.results.result import Result
from dtperf.wording import counted

__all__ = ["RunRecord"]


class RunRecord:
    """Keeps account of a run, and saves it from time to time."""

    def __init__(
        self,
        config: AnalysisConfig,
        directory: RunDirectory | None,
        on_ended: Callable[[LedgerRow], None],
        code: str,
        on_saved: Callable[[Result], None] = lambda _: None,
    ) -> None:
        """Begin without any chunk.

        Args:
            config: What is run.
            directory: Where to save what there is; None: nowhere.
            on_ended: Called with the row of each chunk that ends.
            code: What measures, as `dtperf.execution.provenance.code_version` names it.
            on_saved: Called with what there is so far, when it was saved.

        Raises:
            InputError: What there is has events twice, which the config does not allow.
        """
        self.workers = 0
        self._config = config
        self._directory = directory
        self._on_ended = on_ended
        self._on_saved = on_saved
        self._code = code
        self._output: dict[str, Any] | None = None
        self._origin = EventOrigin()
        self._rows: list[LedgerRow] = []
        self._to_measure = 0
        self._saved = 0
        self._is_balanced = True
        self._compiling_s: defaultdict[str, float] = defaultdict(float)
        self._begin = datetime.now(UTC)
        self._start = self._measuring = time.perf_counter()
        previous = None if directory is None else directory.previous
        self._gathered = Gathered(EventSample() if previous is None else previous.event_sample)
        self._refuse_doubled(EventSample(), ())

    @property
    def chunks(self) -> int:
        """How many chunks there are already: read, now or earlier, or skipped."""
        previous = None if self._directory is None else self._directory.previous
        rows = self._rows if previous is None else [*previous.ledger, *self._rows]
        return sum(row.events > 0 for row in rows)

    def begin_measuring(self, events: int) -> None:
        """Start the clock of the measurement, of so many events, after the files are checked."""
        self._to_measure = events
        self._measuring = time.perf_counter()

    def skip_file(self, problem: UnreadableFile, ranges: Iterable[tuple[int, int]]) -> None:
        """Note a file that could not be opened, and which of its events were to be read."""
        error = problem.error
        # one that a fileset names without the number of its events is not known by that
        uuid = str(problem.file.uuid or "") if problem.file.is_counted else ""
        why = (error.cause, str(error), problem.source, problem.attempts)
        for start, stop in ranges or ((0, 0),):
            events = (problem.file.path, uuid, start, stop)
            self._rows.append(LedgerRow(*events, "skipped", *why, 0, 0.0, ""))

    def note_empty(self, checked: CheckedFile) -> None:
        """Note a file without events."""
        no_events = (checked.file.path, str(checked.file.uuid), 0, 0)
        how = ("read", "", checked.remark, checked.source)
        self._rows.append(LedgerRow(*no_events, *how, 1, 0, 0.0, ""))

    def add(self, progressed: Update) -> None:
        """Add what has come from the workers, or nothing of it.

        Raises:
            InputError: It has events that are there already, which the config does not allow.
            DtperfError: A chunk has failed, and the config says to stop then; or something has
                failed that is no fault of a file, which is never skipped.
        """
        rows = [_row(ended) for ended in progressed.ended]
        output = progressed.output
        # a processor of somebody else's may be run without the reading that makes it
        sample = (output or {}).pop(EVENT_SAMPLE, EventSample())
        origin = (output or {}).pop(ORIGIN, EventOrigin())
        if output is not None:
            self._refuse_doubled(sample, rows)
        # stopped in between, a sum would be left that no row speaks of
        with uninterrupted():
            self._is_balanced = False
            if output is not None:
                self._output = added([output], self._output)
                self._gathered.add(sample)
                self._origin += origin
            self._rows += rows
            for ended in progressed.ended:
                self._compiling_s[ended.outcome.worker] += ended.outcome.compiling_seconds
            self._is_balanced = True
        for row in rows:
            self._on_ended(row)
        stops = self._config.run.on_error == "stop"
        for ended in progressed.ended:
            error = ended.outcome.error
            if error is not None and (stops or error.cause in OURS):
                raise error
        if self._directory is not None and self._directory.is_due:
            self.save()

    def save(self) -> None:
        """Save what there is, if anything new was read and sum and rows agree."""
        new = self._rows[self._saved :]
        has_read = any(row.status == "read" for row in new)
        if self._directory is not None and self._is_balanced and has_read:
            # stopped in the midst, it would be begun anew
            with uninterrupted():
                result = self.result()
                self._directory.keep(result)
                self._saved = len(self._rows)
                self._on_saved(result)

    def progress_kept(self) -> str:
        """Return, for a run that is stopped after `save`, how far it came and what is kept."""
        directory = self._directory
        kept = self._rows if directory is None else self._rows[: self._saved]
        measured = Ledger(kept).events("read")
        before = 0
        if directory is not None and directory.previous is not None:
            before = directory.previous.ledger.events("read")
        if not before + measured:
            return "Stopped before any event was measured"
        text = f"Stopped at {before + measured:,} of {counted(before + self._to_measure, 'event')}"
        if directory is None:
            return f"{text}; nothing is kept: give out=… to go on later"
        return f"{text}; they are kept in {directory.path}: go on with resume=True"

    def result(self) -> Result:
        """Sum up, with what the directory had before."""
        output = self._output or {"histograms": {}, "totals": {}, "anomalies": {}, "extra": {}}
        new = Result(
            config=self._config,
            counts={name: sort_categories(h) for name, h in output["histograms"].items()},
            totals=output["totals"],
            anomalies=dict(output["anomalies"]),
            ledger=Ledger(self._rows),
            jobs=(self._job(),),
            code=self._code,
            extra={name: in_order(each) for name, each in output.get("extra", {}).items()},
            origin=self._origin,
        )
        previous = None if self._directory is None else self._directory.previous
        whole = new if previous is None else previous + new
        return replace(whole, event_sample=self._gathered.total)

    def _refuse_doubled(self, sample: EventSample, rows: Iterable[LedgerRow]) -> None:
        """Refuse a sample of events, before they are added, if some would be there twice."""
        if self._config.run.doubled_events == "allow":
            return
        doubled = self._gathered.doubled_with(sample)
        if doubled is not None:
            previous = None if self._directory is None else self._directory.previous
            known = () if previous is None else previous.ledger
            raise refusal(doubled, Ledger([*known, *self._rows, *rows]).path_of)

    def _job(self) -> Mapping[str, Any]:
        now = time.perf_counter()
        return {
            "begin": self._begin.isoformat(timespec="milliseconds"),
            "seconds": round(now - self._start, 3),
            "seconds_measuring": round(now - self._measuring, 3),
            # workers compile at the same time
            "seconds_compiling": round(max(self._compiling_s.values(), default=0.0), 3),
            "workers": self.workers,
            **machine(),
        }


def _row(ended: ChunkResult) -> LedgerRow:
    item, outcome = ended.item, ended.outcome
    error: DtperfError | None = outcome.error
    return LedgerRow(
        file=item.filename,
        uuid=str(UUID(bytes=item.fileuuid)),
        start=item.entrystart,
        stop=item.entrystop,
        status="skipped" if error else "read",
        cause=error.cause if error else "",
        message=str(error or outcome.remark),
        source=ended.source,
        attempts=ended.attempts,
        bytes=outcome.bytes,
        seconds=ended.seconds,
        worker=outcome.worker,
        cpu_seconds=outcome.cpu_seconds,
        memory=outcome.memory,
    )
