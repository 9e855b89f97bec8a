"""The whole configuration of one analysis."""

from __future__ import annotations

import hashlib
import json
from math import inf
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import (
    BeforeValidator,
    Field,
    FiniteFloat,
    SerializationInfo,
    WrapSerializer,
)

from dtperf.config.measurements import MeasurementSettings
from dtperf.config.suggest import shorten
from dtperf.measurements.declaration import Measurement, OlderRegular, Regular
from dtperf.selection.block_luminosity import LuminosityByBlock
from dtperf.selection.cuts import Compatibility, Extrapolation, Selection, TableName
from dtperf.validation import Model

__all__ = ["FREE", "AnalysisConfig", "Input", "PlotSettings", "Run"]

FREE = ("title", "plot", "processor", "run")
"""Sections and keys that change no number: those of `processor` its source tells."""


def _whole(table: Any, as_json: Any, info: SerializationInfo) -> Any:
    """Keep the content of a table where a config is made of another one."""
    return as_json(table) if info.mode == "json" else table


class Input(Model):
    """What a file must look like, and what it may lack."""

    tree: Annotated[str, Field(min_length=1)] = "Events"
    """Name of the TTree or RNTuple."""
    luminosity_by_block: Annotated[LuminosityByBlock | None, WrapSerializer(_whole)] = None
    """CSV file of `brilcalc lumi --byls`: instantaneous luminosity, as delivered, and pile-up of
    the luminosity blocks, for files without; one that has them in its branches keeps its own."""


def _luminosity(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if (is_number and 0 < value < inf) or isinstance(value, str) or value is None:
        return value
    raise ValueError(f"{shorten(value)} is not allowed; allowed: null, a number above 0, or a file")


class PlotSettings(Model):
    """What stands above plots and reports, beside what the files say; no number depends on it."""

    label: Annotated[str, Field(max_length=40)] | None = None
    """Status, such as Preliminary, beside the experiment's name; null: that it is private work."""
    luminosity: Annotated[float | str | None, BeforeValidator(_luminosity)] = None
    """Integrated, in 1/fb; or a CSV file of brilcalc, of which the runs that were read count."""
    energy: Annotated[FiniteFloat, Field(gt=0)] | None = None
    """Of the collisions, in TeV; null: that of the years the runs are of, or of the CSV file."""


class Run(Model):
    """How the work is done; nothing here changes a number."""

    executor: Literal["iterative", "futures", "dask"] = "iterative"
    """In this process, in local processes, or on Dask workers."""
    workers: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Processes, workers, or threads (8 at most) that decompress here; null: one for each core."""
    chunksize: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    """Events read and measured at once; null: what fits into a worker's memory, 200,000 at most,
    and fewer with hits and digis."""
    on_error: Literal["stop", "skip"] = "stop"
    """End the run at events that cannot be read, or go on without them and say so."""
    doubled_events: Literal["refuse", "allow"] = "refuse"
    """End the run at events that are there twice, by run, luminosity block and event, or go on."""
    retries: Annotated[int, Field(ge=0, le=100)] = 3
    """How often a server that does not answer is asked again."""
    backoff_s: Annotated[float, Field(ge=0, le=3600)] = 1.0
    """Wait before the first retry, in seconds; it doubles with each further one."""
    timeout_s: Annotated[int, Field(ge=1, le=86_400)] = 60
    """How long a server may take to answer, in seconds."""
    redirectors: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Other servers to try for a file with a root:// address, as a list for each site."""
    site: str | None = None
    """Whose list of redirectors to take; null: all lists, one after the other."""
    cache: Annotated[str, Field(pattern=r"^root://[-.:\[\]A-Za-z0-9]+/*$")] | None = None
    """XCache that forwards, such as root://xcache.example:1094, to read root:// files through."""
    watts_per_core: Annotated[FiniteFloat, Field(ge=0, le=1000)] = 10.0
    """What a busy core is assumed to take, with its share of the machine, in W: for the energy."""
    memory_per_worker: Annotated[str, Field(pattern=r"^[0-9]+ ?[KMGT]?i?B$")] | None = None
    """Memory that a Dask worker of ours may take, such as 2GiB; null: its share of the machine."""


class AnalysisConfig(Model):
    """One analysis: what is selected, what is measured, and how it runs."""

    _load_with: ClassVar[str] = "load_config"

    title: str = ""
    """One line for plots and reports."""
    selection: Selection = Selection()
    extrapolation: Extrapolation = "ntuple"
    """Who says where a probe crosses chambers: the file's muon_matches, or our own propagation."""
    compatibility: Compatibility = Compatibility()
    measurements: MeasurementSettings = MeasurementSettings()
    processor: Annotated[str, Field(pattern=r"^.+:[A-Za-z_][A-Za-z_0-9]*$")] | None = None
    """What measures each chunk, FILE.py:CLASS or MODULE:CLASS; null: the packaged one."""
    input: Input = Input()
    plot: PlotSettings = PlotSettings()
    run: Run = Run()

    def __repr__(self) -> str:
        """Return which analysis it is, in one line."""
        from dtperf.config.show import in_one_line  # which asks for the keys of this model

        return in_one_line(self)

    def __str__(self) -> str:
        """Return it as YAML, with what differs from a packaged analysis marked."""
        from dtperf.config.show import marked_yaml

        return marked_yaml(self)

    def _repr_pretty_(self, printer: Any, _is_cycle: bool) -> None:
        """Show it in a notebook without HTML, and in IPython, as YAML."""
        printer.text(str(self))

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the YAML, with what differs in bold."""
        from dtperf.config.show import as_html

        return as_html(self)

    @property
    def luminosity_by_block(self) -> LuminosityByBlock | None:
        """Luminosity for files without: a table of brilcalc."""
        return self.input.luminosity_by_block

    def filled_measurements(self) -> dict[str, Measurement]:
        """List the measurements as they are filled, by name: with what `compatibility` asks for."""
        declared = self.measurements.active()
        if not self.compatibility.four_vector_rounding:
            declared = {name: _as_stored(each) for name, each in declared.items()}
        if self.compatibility.root_binning == "older":
            declared = {name: _in_older_bins(each) for name, each in declared.items()}
        return declared

    def filled_columns(self) -> dict[TableName, frozenset[str]]:
        """Return the columns that are read of each table to fill the measurements."""
        used: dict[TableName, frozenset[str]] = dict.fromkeys(get_args(TableName), frozenset())
        for measurement in self.filled_measurements().values():
            used[measurement.table] |= measurement.columns
        return used

    def without_words(self) -> AnalysisConfig:
        """Return the same without what is only shown: words of measurements, a table's file."""
        changed: dict[str, Any] = {"measurements": self.measurements.without_words()}
        if (table := self.luminosity_by_block) is not None:
            unnamed = table.model_copy(update={"file": ""})
            changed["input"] = self.input.model_copy(update={"luminosity_by_block": unnamed})
        return self.model_copy(update=changed)

    @property
    def hash(self) -> str:
        """SHA-256 of all that can change a number, but for code: without what is in `FREE`.

        The source of the processor `dtperf.execution.provenance.code_version` tells.
        """
        content = self.without_words().model_dump(mode="json", exclude={*FREE})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _as_stored(measurement: Measurement) -> Measurement:
    """Take for what comes back of a four-vector what it was made of."""

    def column(name: str) -> str:
        return name.replace("probe_vector_", "probe_")

    axes = tuple(
        axis.model_copy(update={"column": column(axis.column)}) for axis in measurement.axes
    )
    mean_of = measurement.mean_of and column(measurement.mean_of)
    return measurement.model_copy(update={"axes": axes, "mean_of": mean_of})


def _in_older_bins(measurement: Measurement) -> Measurement:
    axes = tuple(
        OlderRegular.model_validate(axis.model_dump()) if isinstance(axis, Regular) else axis
        for axis in measurement.axes
    )
    return measurement.model_copy(update={"axes": axes})
