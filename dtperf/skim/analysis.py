"""Events whose cuts can be moved: an `Analysis` of a skim, a result or files; an `Explorer`."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property
from html import escape
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from dtperf.config import AnalysisConfig, ConfigSource
from dtperf.config.suggest import suggest
from dtperf.errors import ConfigError
from dtperf.execution.provenance import code_version, machine
from dtperf.filesets import Files
from dtperf.measurements import KNOWN, Measurement
from dtperf.measurements.declaration import Axis, Histogram
from dtperf.process import stoppable
from dtperf.progress import Progress, progress_bar
from dtperf.results.doubled import refusal
from dtperf.results.result import Result
from dtperf.selection.branches import OPTIONAL_EVENT_COLUMNS, TRACKER_ISO, isolations
from dtperf.selection.details.branches import DETAIL_ANOMALIES, TRACK_SLOPES, detail_anomalies
from dtperf.selection.luminosity import WITHOUT_LUMINOSITY
from dtperf.skim.cut_rules import looser, refuse_lacking_details, refuse_looser
from dtperf.skim.cuts import MEASURED, only, with_cuts
from dtperf.skim.recut.inputs import Source, find_inputs
from dtperf.skim.recut.layout import CounterLayout
from dtperf.skim.recut.load_skim import load_parts
from dtperf.skim.recut.loaded import LoadedEvents, threads
from dtperf.skim.recut.moved import count_moved
from dtperf.skim.recut.sums import CounterSums
from dtperf.skim.stored import is_skim, load_skim
from dtperf.skim.tally import RPCS
from dtperf.typing import I64

__all__ = ["Analysis", "Explorer"]

MOVED = ("by_chamber",)
"""Whose rows `count_moved` compares."""
OF_SLOPES = frozenset(f"signed_d{axis}dz" for axis in TRACK_SLOPES)


class Analysis:
    """Events that are measured anew for other cuts, on all cores of this machine."""

    @stoppable("while the events were read: nothing of them is kept")
    def __init__(
        self,
        source: Source,
        config: ConfigSource | None = None,
        *,
        limit_events: int | None = None,
        progress: bool = True,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Read the events.

        Args:
            source: The directory of a skim; or a `Result`, a result directory, or files as
                `dtperf.run` takes them. Of a result exactly those events that it was made of.
            config: What `dtperf.load_config` takes, the cuts to start from; files need one, a
                result and a skim have their own.
            limit_events: How many events to keep, the first ones; None: all of a skim, and
                1,000,000 of others, or 66,666 where hits, digis or primitives are read.
            progress: Show a bar, where somebody looks: in a notebook, or at a terminal.
            on_progress: Called instead as events are read.

        Raises:
            ConfigError: The config cannot be used, asks for more than the skim has, or files are
                given without one.
            InputError: A file cannot be read, or is not the one that the result was made of; or
                events are there twice, and the config does not allow that.
        """
        self._skim = ""
        self._about: Mapping[str, str] = {}
        self.loosest: AnalysisConfig | None = None
        """The cuts of the skim, none of which can be made looser; None: files."""
        with progress_bar(progress, on_progress) as show:

            def tell(read: int, wanted: int) -> None:
                show(Progress("reading", read, wanted))

            if isinstance(source, str | Path) and is_skim(Path(source)):
                skim = load_skim(Path(source))
                loaded = load_parts(skim, config, limit_events, tell)
                self.loosest, self._skim = skim.config, str(Path(source).absolute())
                self._about, self._kept = skim.about, skim.config
                refuse_looser(self.loosest, loaded.config, str(source))
            else:
                origin = find_inputs(source, config)
                self._kept = self._to_read(origin.config)
                # what reads files loads coffea, which a skim needs nothing of
                from dtperf.skim.recut.load import load_files, usual_limit

                limit = usual_limit(self._kept) if limit_events is None else limit_events
                loaded = load_files(origin, self._kept, limit, tell)
        self._loaded: LoadedEvents = loaded
        doubled = loaded.event_sample.doubled
        if doubled is not None and loaded.config.run.doubled_events == "refuse":
            raise refusal(doubled, loaded.ledger.path_of)
        self._refuse_lacking(loaded.config)
        self.config = loaded.config
        """The cuts to start from."""
        self.files = loaded.files
        """The files, with the events of each that are in memory."""
        self.origin = loaded.origin
        self.ledger = loaded.ledger
        self._layouts: dict[Measurement, CounterLayout] = {}
        self._axis_bits: dict[Axis, int] = {}
        self._of_events: dict[CounterLayout, Histogram] = {}
        self._cuts_of_events: Any = None
        self._lock = Lock()
        self._shows_compiling = progress and on_progress is None

    def __repr__(self) -> str:
        """Return what is in memory, in one line."""
        return f"<dtperf.{type(self).__name__} of {self.config.title!r}: {self.loaded}>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: what is in memory, of which files, with which cuts."""
        head = f"<p><b>{escape(self.config.title)}</b>: {escape(self.loaded)}</p>"
        cuts = (
            f"<details><summary>cuts to start from</summary>{self.config._repr_html_()}</details>"
        )
        return f"<div>{head}{Files(self.files)._repr_html_()}{cuts}</div>"

    @property
    def events(self) -> int:
        """Number of events that were read, of which those without a tag are not kept."""
        return self.ledger.events("read")

    @property
    def is_whole(self) -> bool:
        """Whether no event of the input was left out."""
        return self._loaded.is_whole

    @property
    def nbytes(self) -> int:
        """Memory that they take; of a skim that is not compressed, that of its files."""
        return sum(block.nbytes for block in self._loaded.blocks)

    @property
    def nbytes_found(self) -> int:
        """Memory that takes what was found of them, and is kept for the next cuts."""
        return sum(block.nbytes_found for block in self._loaded.blocks)

    @property
    def loaded(self) -> str:
        """Return what part of the input is in memory."""
        loaded = self._loaded.describe(self.nbytes + self.nbytes_found)
        return f"{loaded}, of a skim: cuts can be tightened" if self._skim else loaded

    @cached_property
    def _runs(self) -> Any:
        return np.unique(self._loaded.tally.run).astype(np.int64)

    def with_cuts(
        self,
        cuts: Mapping[str, Any] | None = None,
        *,
        measurements: Collection[str] | None = None,
    ) -> Result:
        """Measure with other cuts.

        Args:
            cuts: Values by the config's key, such as ``{"selection.probe.min_pt": 25}``; what is
                not named stays as in `config`.
            measurements: Names of the only ones to make; None: all of the config.

        Returns:
            What `dtperf.run` gives for the same files and cuts.

        Raises:
            ConfigError: A key is none, or one that needs the events to be read anew, a value is
                not allowed, or it is looser than the skim.
        """
        start, begin = time.perf_counter(), datetime.now(UTC)
        config = self._with_cuts(cuts or {}, measurements)
        layouts = {n: self._layout(m) for n, m in config.filled_measurements().items()}
        with progress_bar(self._shows_compiling), self._lock:
            sums = self._count(layouts, config)
        return self._result(config, layouts, sums, begin, time.perf_counter() - start)

    def lacks(self, cuts: Mapping[str, Any]) -> str:
        """Say why the events cannot be measured with other cuts; '' if they can.

        Args:
            cuts: As for `with_cuts`.

        Raises:
            ConfigError: A key is none, or one that needs the events to be read anew, or a value is
                not allowed.
        """
        config = with_cuts(self.config, cuts, of_skim=self.loosest is not None)
        if self.loosest is not None and (lines := looser(self.loosest, config)):
            return "; ".join(lines)
        try:
            self._refuse_lacking(config)
        except ConfigError as error:
            return str(error)
        return ""

    def count_moved(self, alternatives: Sequence[Mapping[str, Any]]) -> I64:
        """Count the probes of each chamber by their outcome with the cuts of `config` and others.

        Args:
            alternatives: Other cuts, each as for `with_cuts`.

        Returns:
            Shape (alternatives, 4, 5, 14, 3, 3): station, wheel, sector; then the outcome with the
            cuts of `config`, and with the others: not counted, failed, passed. The sums over either
            one are the counts that `with_cuts` has as 'by_chamber'. Those that neither counts are
            left out.

        Raises:
            ConfigError: As of `with_cuts`.
        """
        configs = [self._with_cuts(cuts, MOVED) for cuts in ({}, *alternatives)]
        (measurement,) = configs[0].filled_measurements().values()
        layout, numbers = self._layout(measurement), count()

        def work(_: int) -> I64:
            blocks = self._loaded.blocks
            sums = np.zeros((len(alternatives), layout.size // 2, 3, 3), dtype=np.int64)
            while (number := next(numbers)) < len(blocks):  # atomic: one thread takes each
                sums += count_moved(blocks[number], layout, configs[0], configs[1:])
            return sums

        workers = max(min(threads(), len(self._loaded.blocks)), 1)
        with progress_bar(self._shows_compiling), self._lock, ThreadPoolExecutor(workers) as pool:
            counts = sum(pool.map(work, range(workers)))
        return np.reshape(counts, (len(alternatives), *layout.shape[:-1], 3, 3))

    def _with_cuts(
        self, cuts: Mapping[str, Any], measurements: Collection[str] | None
    ) -> AnalysisConfig:
        config = with_cuts(self.config, cuts, of_skim=self.loosest is not None)
        if self.loosest is not None:
            refuse_looser(self.loosest, config, self._skim)
        self._refuse_lacking(config)
        if measurements is not None:
            active = {*config.measurements.active(), *KNOWN}
            for name in measurements:
                if name not in active:
                    hint = suggest(name, active)
                    raise ConfigError(f"measurements: no {name!r} in the config{hint}")
            config = only(config, measurements)
        refuse_lacking_details(self._kept, config)
        return config

    def _to_read(self, config: AnalysisConfig) -> AnalysisConfig:
        """Return a config with those measurements whose columns are read of files."""
        return config

    def _refuse_lacking(self, config: AnalysisConfig) -> None:
        """Check that the isolation that is used is there.

        Raises:
            ConfigError: Some of the files lack its branch.
        """
        used = isolations(config)
        if not used.branches or all(block.has_tracker_iso for block in self._loaded.blocks):
            return
        selection = {"tag.iso": used.tag, "probe.iso": used.probe}
        keys = [f"selection.{key}" for key, kind in selection.items() if kind == "tracker"]
        raise ConfigError(
            f"{' and '.join(keys) or 'measurements'}: isolation by tracks is muon_{TRACKER_ISO}, "
            "which not all files of these events have: use 'pf', or files that have it"
        )

    def _layout(self, measurement: Measurement) -> CounterLayout:
        if measurement not in self._layouts:
            self._layouts[measurement] = CounterLayout(measurement, self._runs, self._axis_bits)
        return self._layouts[measurement]

    def _count(self, layouts: Mapping[str, CounterLayout], config: AnalysisConfig) -> CounterSums:
        blocks, numbers = self._loaded.blocks, count()
        known = self._found(layouts, config)

        def work(_: int) -> CounterSums:
            sums = CounterSums(layouts, config)
            while (number := next(numbers)) < len(blocks):  # atomic: one thread takes each
                made = _made(layouts, blocks[number].branches)
                sums.add(blocks[number], made - known.keys())
            return sums

        workers = max(min(threads(), len(blocks)), 1)
        with ThreadPoolExecutor(workers) as pool:
            first, *others = pool.map(work, range(workers))
        first.merge(others)
        for name in first.filled:
            if layouts[name].kind == "events":
                self._of_events[layouts[name]] = first.filled[name].copy()
        first.filled |= known
        return first

    def _found(
        self, layouts: Mapping[str, CounterLayout], config: AnalysisConfig
    ) -> dict[str, Histogram]:
        """Return what other cuts on tags, probes, stations and segments have left as it is."""
        selection = config.selection
        cuts = (selection.layers, selection.dead_cells, selection.luminosity_mask)
        if cuts != self._cuts_of_events:
            self._cuts_of_events = cuts
            self._of_events.clear()
        found = self._of_events
        return {n: found[layout].copy() for n, layout in layouts.items() if layout in found}

    def _result(
        self,
        config: AnalysisConfig,
        layouts: Mapping[str, CounterLayout],
        sums: CounterSums,
        begin: datetime,
        seconds: float,
    ) -> Result:
        tally = self._loaded.tally
        inside = tally.is_in(config.selection.luminosity_mask)
        lacking = {name: tally.lacking(_branches(layout)) for name, layout in layouts.items()}
        if config.extrapolation == "helix":  # it tells no slopes
            for name, layout in layouts.items():
                lacking[name] |= not OF_SLOPES.isdisjoint(layout.measurement.columns)
        made = frozenset(name for name, lacks in lacking.items() if not lacks.all())
        columns = config.filled_columns()
        unread = DETAIL_ANOMALIES - detail_anomalies(columns)
        counted = {name: n for name, n in tally.anomalies.items() if name not in unread}
        anomalies = {name: int(n[inside].sum()) for name, n in counted.items()}
        is_used = any("inst_lumi" in used for used in columns.values())
        if not (is_used and anomalies.get(WITHOUT_LUMINOSITY)):
            anomalies.pop(WITHOUT_LUMINOSITY, None)
        for name, lacks in lacking.items():
            if lacks.any():
                anomalies[f"events_not_in_{name}"] = int(tally.events[lacks & inside].sum())
        job = {
            "begin": begin.isoformat(timespec="milliseconds"),
            "seconds": round(seconds, 3),
            "seconds_measuring": round(seconds, 3),
            "workers": threads(),
            **machine(),
        }
        if self._skim:
            job |= {"skim": self._skim, "skim_made": dict(self._about)}
        return Result(
            config=config,
            counts=sums.histograms(made),
            totals={
                "events": int(tally.events.sum()),
                "certified": int(tally.events[inside].sum()),
                **sums.found,
            },
            anomalies=anomalies,
            ledger=self.ledger,
            jobs=(job,),
            code=self._loaded.code or code_version(),
            event_sample=self._loaded.event_sample,
            origin=self._loaded.event_origin,
        )


def _branches(layout: CounterLayout) -> list[str]:
    """Name the branches that not every file has, and a measurement needs."""
    used = layout.measurement.columns
    rpcs = [RPCS] if layout.measurement.table == "rpc_crossings" else []
    return [*(b for column, b in OPTIONAL_EVENT_COLUMNS.items() if column in used), *rpcs]


def _made(layouts: Mapping[str, CounterLayout], branches: frozenset[str]) -> frozenset[str]:
    return frozenset(n for n, layout in layouts.items() if branches.issuperset(_branches(layout)))


class Explorer(Analysis):
    """An analysis of which a few measurements are shown, whatever its config skips."""

    def _to_read(self, config: AnalysisConfig) -> AnalysisConfig:
        return only(config, self._shown(config))

    @staticmethod
    def _shown(config: AnalysisConfig) -> tuple[str, ...]:
        return (*MEASURED, *config.measurements.add)

    def measure(self, cuts: Mapping[str, Any] | None = None) -> Result:
        """Measure with other cuts.

        Args:
            cuts: As for `with_cuts`.

        Returns:
            What `dtperf.run` gives for these events, of the measurements by_chamber,
            efficiency_vs_pt and acceptance_vs_pt, and of those of one's own.
        """
        return self.with_cuts(cuts, measurements=self._shown(self.config))
