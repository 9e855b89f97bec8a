"""The engine: events in memory, and cuts that change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

from coffea.processor.accumulator import accumulate

from dtperf.exploring.cuts import measured_part, with_cuts
from dtperf.exploring.load import check, load, threads
from dtperf.exploring.parts import LIMIT_EVENTS, Source, find, first_events, named
from dtperf.identity import code_version
from dtperf.results import Result

__all__ = ["Explorer"]


class Explorer:
    """Events in memory that are measured anew for other cuts."""

    def __init__(
        self,
        source: Source,
        config: Any = None,
        *,
        limit_events: int = LIMIT_EVENTS,
        on_events: Callable[[int, int], None] = lambda _read, _all: None,
    ) -> None:
        """Read the events.

        Args:
            source: A `Result`, a result directory, or files as `dtperf.run` takes them. Of a
                result exactly those events that it was made of.
            config: What `dtperf.load_config` takes; files need one, a result has its own.
            limit_events: How many events to keep, the first ones; about 1 kB each.
            on_events: Called with the number of events that are read so far, and with all.

        Raises:
            ConfigError: The config cannot be used, or files are given without one.
            InputError: A file cannot be read, or is not the one that the result was made of.
        """
        origin = find(source, config)
        self.config = origin.config
        """The cuts to start from."""
        measured = measured_part(self.config)
        self._measurements = measured.measurements.active()
        # files whose events are known to be too many need not be opened
        needed = origin.files[: len(first_events(origin.files, limit_events))]
        checked = check(measured, needed)
        self.files = first_events(checked, limit_events)
        """The files, with the events of each that are in memory."""
        self._unopened = len(origin.files) - len(needed)
        self._input_events = sum(file.events for file in checked)
        known = origin.arguments or (() if self._unopened else named(checked))
        self.origin = origin._replace(arguments=known)
        wanted = sum(file.events for file in self.files)
        loaded = load(measured, self.files, lambda events: on_events(events, wanted))
        self.ledger, self._chunks = loaded.ledger, loaded.chunks
        self._lock = Lock()

    @property
    def events(self) -> int:
        """Number of events in memory."""
        return self.ledger.events("read")

    @property
    def is_whole(self) -> bool:
        """Whether no event of the input was left out."""
        return not self._unopened and self.events == self._input_events

    @property
    def nbytes(self) -> int:
        """Memory that they take."""
        return sum(chunk.nbytes for chunk in self._chunks)

    @property
    def loaded(self) -> str:
        """Say what part of the input is in memory."""
        n_files = len(self.origin.files)
        of_all = f"{n_files:,} file{'s' if n_files > 1 else ''}"
        memory = f"({self.nbytes / 1e6:,.0f} MB in memory)"
        if self.is_whole:
            return f"all {self.events:,} events of {of_all} {memory}"
        known = "" if self._unopened else f" of {self._input_events:,}"
        part = f"{len(self.files):,} of {of_all}"
        return f"only the first {self.events:,}{known} events, from {part} {memory}"

    def measure(self, cuts: Mapping[str, Any] | None = None) -> Result:
        """Measure with other cuts.

        Args:
            cuts: Values by the config's key, such as ``{"selection.probe.min_pt": 25}``; what is
                not named stays as in `config`.

        Returns:
            What `dtperf.run` gives for these events, of the measurements by_chamber,
            efficiency_vs_pt and acceptance_vs_pt.

        Raises:
            ConfigError: A key is none, or one that needs the events to be read anew, or a value
                is not allowed.
        """
        config = measured_part(with_cuts(self.config, cuts or {}))
        with self._lock, ThreadPoolExecutor(threads()) as pool:
            parts = pool.map(lambda c: c.measure(config, self._measurements), self._chunks)
            output = accumulate(parts)
        return Result(
            config=config,
            counts=output["histograms"],
            totals=output["totals"],
            anomalies=dict(output["anomalies"]),
            ledger=self.ledger,
            code=code_version(),
        )
