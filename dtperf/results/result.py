"""The result of an analysis: histograms, ledger and jobs, in memory and on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dtperf.config import AnalysisConfig, load_config
from dtperf.config.suggest import suggest
from dtperf.errors import InputError
from dtperf.measurements.declaration import Histogram
from dtperf.measurements.histograms import presented, with_labels
from dtperf.results.accounting import combine
from dtperf.results.addition import refuse_to_mix, sum_histograms, sum_numbers, volume
from dtperf.results.bin_columns import bins_frame
from dtperf.results.doubled import refusal, remarks
from dtperf.results.event_sample import EventSample
from dtperf.results.extra import Extra, histograms_of, sum_extra
from dtperf.results.html import as_html, in_one_line
from dtperf.results.index import HistogramEntry, UnknownHistogram, histogram_index
from dtperf.results.ledger import Ledger
from dtperf.results.origin import EventOrigin
from dtperf.results.recorded import lacking_blocks
from dtperf.results.storage import LEDGER, RESULT, StoredResult, read_files, write_files
from dtperf.results.summary import ChamberEfficiency, StationEfficiency, by_chamber, by_station
from dtperf.results.table import Table
from dtperf.results.totals import SUMS
from dtperf.wording import counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LEDGER",
    "RESULT",
    "Result",
    "ResultSource",
]

RUN_AXES = ("efficiency_vs_run", "by_chamber_and_run")
"""Measurements with an axis of runs."""


@dataclass(frozen=True, repr=False, eq=False)
class Result(Mapping[str, "Histogram"]):
    """Everything that one run measured; `result["by_chamber"]` is a histogram."""

    config: AnalysisConfig
    counts: Mapping[str, Histogram]
    """Histograms of integers by the measurement's name, as they add up."""
    totals: Mapping[str, int]
    """events; certified, which are those in the luminosity mask; pairs, repeated_probes, crossings,
    double_crossings, see `dtperf.selection.totals`; and what the ledger says of that which was
    read: files, chunks, bytes."""
    anomalies: Mapping[str, int]
    """How often something was found that no detector writes, by name."""
    ledger: Ledger
    extra: Mapping[str, Extra] = field(default_factory=dict)
    """What the run's processor has counted beside the measurements, by its path, such as 't0/MB1':
    histograms of integers, floats or weights, and numbers."""
    jobs: tuple[Mapping[str, Any], ...] = ()
    """Versions, host, times of each run: nothing here is a number of the measurement."""
    code: str = ""
    """The version of the code that measured it."""
    event_sample: EventSample = field(default_factory=EventSample)
    """Numbers of its events, which tell events that are there twice."""
    origin: EventOrigin = field(default_factory=EventOrigin)
    """Whether they are data, simulation or synthetic, and of which runs; empty: it is not known."""

    def __post_init__(self) -> None:
        """Put everything into one order, whatever it was added up from."""
        measured = [name for name in self.config.measurements.active() if name in self.counts]
        others = sorted(self.counts.keys() - {*measured})
        ordered = {
            "counts": self._labelled([*measured, *others]),
            "totals": {name: self.totals.get(name, 0) for name in SUMS} | volume(self.ledger),
            "anomalies": dict(sorted(self.anomalies.items())),
            "extra": dict(sorted(self.extra.items())),
            "jobs": tuple(sorted(self.jobs, key=lambda job: json.dumps(job, sort_keys=True))),
        }
        for name, value in ordered.items():
            object.__setattr__(self, name, value)

    def _labelled(self, names: Iterable[str]) -> dict[str, Histogram]:
        """Return the counts with the config's labels, which are not part of its hash."""
        own = self.config.measurements.add
        labels = {name: [axis.label for axis in each.axes] for name, each in own.items()}
        return {name: with_labels(self.counts[name], labels.get(name, ())) for name in names}

    def __getitem__(self, name: str) -> Histogram:
        """Return one histogram: counts, an efficiency with an axis 'passed', or a profile.

        Raises:
            UnknownHistogram: There is none of this name.
        """
        if name not in self.counts:
            raise UnknownHistogram(self._why_none(name, self.counts))
        return presented(self.counts[name])

    def __contains__(self, name: object) -> bool:
        """Return whether a measurement is there."""
        return name in self.counts

    def __iter__(self) -> Iterator[str]:
        """List the names of the measurements."""
        return iter(self.counts)

    def __len__(self) -> int:
        """Count the measurements."""
        return len(self.counts)

    def __bool__(self) -> bool:
        """Be true, also where nothing was measured: a run that has skipped all has a result."""
        return True

    def __eq__(self, other: object) -> bool:
        """Return whether the same was counted of the same events.

        So a run that was interrupted and resumed equals one that was not: when, where and by which
        version of the code it was measured, and in which chunks, does not matter.
        """
        if not isinstance(other, Result):
            return NotImplemented
        if self.config.hash == other.config.hash:
            other = replace(other, config=self.config)  # titles and labels may differ
        return self._counted == other._counted

    __hash__ = None  # type: ignore[assignment]  # it holds histograms, which may be changed

    def __add__(self, other: Result) -> Result:
        """Merge the results of two jobs of the same analysis, in whatever order.

        Raises:
            InputError: Config or code differ, or both have read the same events, and not both
                configs allow that (`allow_doubled_events`).
        """
        if not isinstance(other, Result):
            return NotImplemented
        refuse_to_mix(self, other)
        ledger, event_sample = combine(self.ledger, other.ledger), self.event_sample
        event_sample += other.event_sample
        allowed = {each.config.run.doubled_events for each in (self, other)} == {"allow"}
        if not allowed and (doubled := event_sample.doubled) is not None:
            raise refusal(doubled, ledger.path_of)
        # titles, labels and the ways to run may differ
        config = min(self.config, other.config, key=lambda config: config.model_dump_json())
        counts = [replace(each, config=config).counts for each in (self, other)]
        return replace(
            self,
            config=config,
            counts=sum_histograms(*counts),
            totals=sum_numbers(self.totals, other.totals),
            anomalies=sum_numbers(self.anomalies, other.anomalies),
            ledger=ledger,
            extra=sum_extra(self.extra, other.extra),
            jobs=(*self.jobs, *other.jobs),
            event_sample=event_sample,
            origin=self.origin + other.origin,
        )

    def allow_doubled_events(self) -> Result:
        """Return the same result, which may be added to another one with the same events."""
        run = self.config.run.model_copy(update={"doubled_events": "allow"})
        return replace(self, config=self.config.model_copy(update={"run": run}))

    def __repr__(self) -> str:
        """Return what it is, in one line."""
        return in_one_line(self)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: table and map."""
        return as_html(self)

    def _ipython_key_completions_(self) -> list[str]:
        """List what a notebook offers after `result["`."""
        return [*self.counts]

    def by_station(self) -> Table[StationEfficiency]:
        """Return fiducial efficiency, efficiency x acceptance and eligible fraction of MB1 to MB4.

        Returns:
            A row for each station: values with their Clopper-Pearson intervals of one standard
            deviation, and counts; None of what was not measured.
        """
        return by_station(self.counts)

    def by_chamber(self) -> Table[ChamberEfficiency]:
        """Return the fiducial efficiency of the 250 chambers, with interval and counts.

        Returns:
            A row for each chamber, in the order of `dtperf.detector.chambers()`; none where
            'by_chamber' was not measured.
        """
        return by_chamber(self.counts)

    def to_pandas(self, name: str) -> pd.DataFrame:
        """Return one histogram as a data frame, each bin a row.

        Args:
            name: Of the measurement; with 'extra/' before it, of what the processor has counted.

        Returns:
            Of each axis of integers or categories one column of its name, of others NAME_low and
            NAME_high, the edges: -inf and inf of underflow and overflow. Of an efficiency
            `passed`, `total`, `efficiency` (NaN without entries), and `low` and `high`, the
            Clopper-Pearson interval of one standard deviation. Of a profile `entries`, `mean`,
            `uncertainty` of the mean, and `spread` of the values, the last two NaN with fewer
            than two. Of weights `sum_of_weights` and `variance`; of all others `entries` and
            `variance`. Chambers that do not exist are left out.

        Raises:
            UnknownHistogram: There is none of this name.
            InputError: An axis has the name of another column.
        """
        return bins_frame(self.counts_of(name))

    def counts_of(self, name: str) -> Histogram:
        """Return the counts of a measurement, or of what the processor has counted, as they add up.

        Those of a profile are integers, of which ``result[name]`` makes mean and spread.

        Args:
            name: As `to_pandas` takes it.

        Raises:
            UnknownHistogram: There is none of this name.
        """
        known = {**self.counts, **self.extra_histograms}
        if name not in known:
            raise UnknownHistogram(self._why_none(name, known))
        return known[name]

    @property
    def histograms(self) -> Table[HistogramEntry]:
        """The index of all histograms, those of `extra` at the end: name, title, axes, entries."""
        return histogram_index(self.config, {**self.counts, **self.extra_histograms})

    @property
    def extra_histograms(self) -> Mapping[str, Histogram]:
        """The histograms among `extra`, by the names under which they are drawn and exported."""
        return histograms_of(self.extra)

    @property
    def runs(self) -> tuple[int, ...]:
        """The runs of its events; of an older result those that were measured against."""
        if self.origin.blocks:
            return self.origin.runs
        axes = (self.counts[name].axes["run"] for name in RUN_AXES if name in self.counts)
        return next((tuple(sorted(int(run) for run in axis)) for axis in axes if axis.size), ())

    def labelled(
        self,
        label: str | None = None,
        luminosity: float | str | Path | None = None,
        energy: float | None = None,
    ) -> Result:
        """Return the same result, with other words above its plots and reports.

        Args:
            label: Status beside the experiment's name, such as 'Preliminary'; empty: none.
            luminosity: Integrated, 1/fb; or a CSV file of brilcalc, see
                `dtperf.selection.brilcalc.read_luminosity`.
            energy: Of the collisions, TeV.

        Raises:
            ConfigError: One of them cannot be.
        """
        given = {"label": label, "luminosity": luminosity, "energy": energy}
        changed = {f"plot.{key}": value for key, value in given.items() if value is not None}
        return replace(self, config=load_config(self.config, changed)) if changed else self

    @property
    def skims(self) -> tuple[str, ...]:
        """Directories of the skims that were measured in the place of the ledger's files."""
        return tuple(sorted({str(job["skim"]) for job in self.jobs if "skim" in job}))

    @property
    def skipped_events(self) -> int:
        """Events that could not be read, without those of files that never could be opened."""
        return self.ledger.events("skipped")

    @property
    def skipped_files(self) -> int:
        """Number of files of which something could not be read."""
        return len({row.identity for row in self.ledger if row.status == "skipped"})

    @property
    def unknown_files(self) -> int:
        """Number of files that could not be opened, so that nobody knows how many events."""
        skipped = (row for row in self.ledger if row.status == "skipped")
        return len({row.identity for row in skipped if not row.is_counted})

    @property
    def doubled_events(self) -> int:
        """How many of the events that were read are there already, by their numbers.

        Run, luminosity block and event, and the dataset of simulated ones. Counted as far as
        `event_sample` has all events, else inferred from it.
        """
        doubled = self.event_sample.doubled
        return 0 if doubled is None else doubled.events

    @property
    def unnumbered_events(self) -> int:
        """Events whose numbers are not known, so that nobody knows if they are there twice."""
        return self.totals["events"] - self.event_sample.events

    @property
    def event_remarks(self) -> list[str]:
        """What a user should know of events that are doubled, unnumbered or without luminosity."""
        lacking = lacking_blocks(self.config, self.origin.blocks, self.anomalies)
        return [*remarks(self.totals["events"], self.event_sample), *lacking]

    @property
    def remarks(self) -> Mapping[str, str]:
        """What a user should know of files that were read, by file."""
        read = (row for row in self.ledger if row.status == "read" and row.message)
        return {row.file: row.message for row in read}

    @property
    def left_out(self) -> tuple[str, ...]:
        """Measurements of the config that no file had the branches for."""
        return tuple(name for name in self.config.measurements.active() if name not in self.counts)

    def _why_none(self, name: object, known: Iterable[str]) -> str:
        if name in self.left_out:
            return f"'{name}' was not measured: no file has the branches that it needs"
        if name in self.config.measurements.skip:
            return f"'{name}' was not measured: it is in measurements.skip of the config"
        if f"extra/{name}" in known:
            return f"'{name}' is of the processor's own: its name is 'extra/{name}'"
        if (path := str(name).removeprefix("extra/")) in self.extra.keys() - {name}:
            return f"'{name}' is a number: result.extra['{path}']"
        if name in self.extra:
            return f"'{name}' is of the processor's own: result.extra['{name}']"
        return f"no histogram '{name}' in this result{suggest(str(name), known)}"

    @property
    def _counted(self) -> tuple[Any, ...]:
        """What makes two results equal, in the order of what is compared fastest."""
        sums = {name: self.totals[name] for name in SUMS}
        of_events = self.ledger.by_file(), self.event_sample
        return self.config.hash, sums, self.anomalies, *of_events, self.extra, self.counts

    def save(self, directory: str | Path) -> Path:
        """Write the result directory.

        Args:
            directory: Made if it is not there; files of an older result in it are replaced, one
                by one, `result.json` at last: without it the others do not load.

        Returns:
            The directory.
        """
        out = Path(directory)
        out.mkdir(parents=True, exist_ok=True)
        content = {
            "config": self.config.model_dump(mode="json"),
            "config_hash": self.config.hash,
            "code": self.code,
            "totals": dict(self.totals),
            "anomalies": dict(self.anomalies),
            "jobs": [dict(job) for job in self.jobs],
            "origin": self.origin.stored(),
        }
        write_files(out, content, self.counts, self.ledger, self.extra, self.event_sample)
        return out

    @classmethod
    def load(cls, source: ResultSource) -> Result:
        """Read a result directory; runs none of its content, and takes it for granted that it lies.

        Args:
            source: The directory; a result is returned as it is.

        Raises:
            InputError: It is not a result directory, or its content cannot be true.
        """
        if isinstance(source, Result):
            return source
        out = Path(source)
        stored: StoredResult = read_files(out)
        result = cls(
            config=stored.config,
            counts=stored.counts,
            totals=stored.totals,
            anomalies=stored.anomalies,
            ledger=stored.ledger,
            extra=stored.extra,
            jobs=stored.jobs,
            code=stored.code,
            event_sample=stored.event_sample,
            origin=stored.origin,
        )
        read = stored.ledger.events("read")
        if result.totals != stored.totals or read != result.totals["events"]:
            raise InputError(
                f"{out}: does not add up: the ledger has {counted(read, 'event')} read and "
                f"{volume(stored.ledger)}, but {RESULT} says {dict(stored.totals)}",
                "corrupt",
            )
        return result


ResultSource = Result | str | Path
"""What a result can be given as: itself, or its directory."""
