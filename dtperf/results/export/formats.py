"""From a result to a file."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from dtperf.errors import ConfigError
from dtperf.files import writable, write_atomic
from dtperf.results.export.about import CHAMBERS, about_all
from dtperf.results.export.cmssw_aging import LAYERS, aging_file
from dtperf.results.export.correctionlib_json import correctionlib_file
from dtperf.results.export.hepdata import hepdata_file
from dtperf.results.export.naming import (
    ROWS,
    extra_objects,
    readable_objects,
    reference_objects,
)
from dtperf.results.export.one_measurement import csv_file, parquet_file
from dtperf.results.export.root import root_file
from dtperf.results.export.root_objects import ReferenceObject
from dtperf.results.export.tables import json_file
from dtperf.results.extra import exported
from dtperf.results.result import Result, ResultSource
from dtperf.typing import AnyArray

__all__ = ["FORMATS", "NAMINGS", "check_choice", "export", "measurements_in", "to_bytes"]

READABLE = "readable"

NAMINGS: Mapping[str, Callable[[Result], dict[str, ReferenceObject]]] = MappingProxyType(
    {
        READABLE: lambda result: {
            **readable_objects(result.counts, result.config.measurements.active()),
            **extra_objects(exported(result.extra)),
        },
        "reference": lambda result: reference_objects(result.counts),
    }
)
"""How the objects in a ROOT file are named."""


class Choice(NamedTuple):
    """What of a result is written."""

    naming: str = READABLE
    measurements: tuple[str, ...] = ()
    """None: the chambers, or all where a format has all."""
    reference: Result | None = None
    systematics: Mapping[str, AnyArray] | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """The measurements, by default the chambers."""
        return self.measurements or (CHAMBERS,)


OF_ALL: Mapping[str, Callable[[Result, Choice], bytes]] = MappingProxyType(
    {
        "root": lambda result, choice: root_file(NAMINGS[choice.naming](result), about_all(result)),
        "json": lambda result, _: json_file(
            result.counts, exported(result.extra), about_all(result)
        ),
    }
)
OF_ONE: Mapping[str, Callable[[Result, Choice], bytes]] = MappingProxyType(
    {
        "csv": lambda result, choice: csv_file(result, *choice.named),
        "parquet": lambda result, choice: parquet_file(result, *choice.named),
        "cmssw-aging": lambda result, choice: aging_file(
            result, next(iter(choice.measurements), LAYERS), choice.reference
        ),
    }
)
OF_SOME: Mapping[str, Callable[[Result, Choice], bytes]] = MappingProxyType(
    {
        "correctionlib": lambda result, choice: correctionlib_file(
            result, choice.named, choice.reference, choice.systematics
        ),
        "hepdata": lambda result, choice: hepdata_file(result, choice.named),
    }
)
FORMATS = MappingProxyType({**OF_ALL, **OF_ONE, **OF_SOME})
COMPARED = ("correctionlib", "cmssw-aging")
"""Those that hold what was measured beside a reference."""
SYSTEMATIC = "correctionlib"
"""The one that holds systematic uncertainties."""
COMPRESSED = ".gz"
SUFFIXES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        ".root": ("root",),
        ".json": ("json", "correctionlib"),
        ".csv": ("csv",),
        ".parquet": ("parquet",),
        ".zip": ("hepdata",),
    }
)
"""Formats of the files whose names end so."""


def export(
    result: ResultSource,
    path: str | Path,
    format: str = "root",
    naming: str = READABLE,
    *,
    measurement: str | Iterable[str] | None = None,
    reference: ResultSource | None = None,
    systematics: Mapping[str, AnyArray] | None = None,
    force: bool = False,
) -> Path:
    """Write a result in another format.

    Args:
        result: A result or its directory.
        path: The file; its directory is made if it is not there. It is compressed if its name ends
            with .gz.
        format: 'root': histograms, efficiencies and profiles. 'json': histograms as UHI JSON.
            Both say whose events they are of.
            'csv' and 'parquet': one measurement, each bin a row, as `Result.to_pandas` has it.
            'correctionlib': efficiencies as correctionlib JSON, see
            `dtperf.results.export.correctionlib_json`. 'hepdata': measurements as tables of a
            submission, a ZIP archive. 'cmssw-aging': chambers and what they keep, for a CMSSW
            configuration, see `dtperf.results.export.cmssw_aging`.
        naming: Of the objects in a ROOT file: 'readable', or those of the 2023 'reference'
            program.
        measurement: The name of what a CSV or Parquet file has, or the names of what a
            correctionlib file or a submission has; None: the chambers, 'by_chamber', for
            CMSSW 'layer_efficiency'.
        reference: Another result, such as of simulation: for scale factors in a correctionlib
            file, or ratios for CMSSW.
        systematics: For a correctionlib file with the chambers, as
            `dtperf.diagnostics.systematics.Systematics.of_chambers` gives them.
        force: Replace a file that is there.

    Returns:
        The path.

    Raises:
        ConfigError: The format, the naming or the measurement is not known, the file's name is that
            of another format, or it is there already or cannot be written.
        InputError: The measurement is none that the format can hold.
    """
    out = Path(path)
    if out.is_dir():
        raise ConfigError(f"{out}: is a directory: name a file in it")
    if out.exists() and not force:
        raise ConfigError(
            f"{out}: is there already: choose another name, or replace it with force=True"
        )
    _check("format", format, FORMATS)
    named = SUFFIXES.get((out.with_suffix("") if out.suffix == COMPRESSED else out).suffix.lower())
    if named is not None and format not in named:
        raise ConfigError(
            f"{out}: is the name of a file of format '{named[0]}', and the format is '{format}': "
            "give that format, or another name"
        )
    other = None if reference is None else Result.load(reference)
    content = to_bytes(Result.load(result), format, naming, measurement, other, systematics)
    if out.suffix == COMPRESSED:
        content = gzip.compress(content, mtime=0)  # no time: equal results are equal files
    with writable(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(out, content)
    return out


def measurements_in(
    result: Result,
    format: str = "root",
    naming: str = READABLE,
    measurement: str | Iterable[str] | None = None,
) -> tuple[str, ...]:
    """Return the names of the measurements that `export` writes with these arguments."""
    if format not in OF_ALL:
        return _names(measurement) or (LAYERS if format == "cmssw-aging" else CHAMBERS,)
    known = {row.measurement for row in ROWS}
    names = (*result.counts, *exported(result.extra))
    return tuple(name for name in names if naming == READABLE or name in known)


def to_bytes(
    result: Result,
    format: str = "root",
    naming: str = READABLE,
    measurement: str | Iterable[str] | None = None,
    reference: Result | None = None,
    systematics: Mapping[str, AnyArray] | None = None,
) -> bytes:
    """Make the content of the file that `export` writes. Arguments and errors are those there."""
    measurements = _names(measurement)
    check_choice(format, naming, measurements, with_reference=reference is not None)
    choice = Choice(naming, measurements, reference, systematics)
    if systematics is not None and (format != SYSTEMATIC or CHAMBERS not in choice.named):
        raise ConfigError(
            f"systematics: only the format '{SYSTEMATIC}' has them, and only of '{CHAMBERS}'"
        )
    return FORMATS[format](result, choice)


def check_choice(
    format: str,
    naming: str,
    measurement: str | Iterable[str] | None = None,
    *,
    with_reference: bool = False,
) -> None:
    """Refuse a format or a naming that is not known, or a format that has no room for the rest.

    Raises:
        ConfigError: It is so.
    """
    _check("format", format, FORMATS)
    _check("naming", naming, NAMINGS)
    if format != "root" and naming != READABLE:
        raise ConfigError(f"naming '{naming}': only the format 'root' has it, not '{format}'")
    measurements = _names(measurement)
    if measurements and format in OF_ALL:
        raise ConfigError(
            f"measurement '{measurements[0]}': the format '{format}' has all of them; "
            f"only {', '.join((*OF_ONE, *OF_SOME))} have some"
        )
    if len(measurements) > 1 and format in OF_ONE:
        raise ConfigError(
            f"measurement {' and '.join(map(repr, measurements))}: the format '{format}' has one "
            "in a file"
        )
    if with_reference and format not in COMPARED:
        raise ConfigError(
            f"reference: only {', '.join(COMPARED)} have ratios to it, not '{format}'"
        )


def _names(measurement: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the names that are given, each once."""
    if isinstance(measurement, str):
        return (measurement,)
    return tuple(dict.fromkeys(measurement or ()))


def _check(what: str, given: str, known: Collection[str]) -> None:
    if given not in known:
        raise ConfigError(f"unknown {what} '{given}': it is one of {', '.join(known)}")
