"""From a result to a file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from dtperf.errors import ConfigError
from dtperf.files import writable, write_atomic
from dtperf.results.export.naming import extra_objects, readable_objects, reference_objects
from dtperf.results.export.one_measurement import CHAMBERS, csv_file, parquet_file
from dtperf.results.export.root import root_file
from dtperf.results.export.root_objects import ReferenceObject
from dtperf.results.export.tables import json_file
from dtperf.results.extra import exported
from dtperf.results.result import Result, ResultSource

__all__ = ["FORMATS", "NAMINGS", "check_choice", "export", "to_bytes"]

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

OF_ALL: Mapping[str, Callable[[Result, str], bytes]] = MappingProxyType(
    {
        "root": lambda result, naming: root_file(NAMINGS[naming](result)),
        "json": lambda result, _: json_file(result.counts, exported(result.extra)),
    }
)
OF_ONE: Mapping[str, Callable[[Result, str], bytes]] = MappingProxyType(
    {"csv": csv_file, "parquet": parquet_file}
)
FORMATS = (*OF_ALL, *OF_ONE)


def export(
    result: ResultSource,
    path: str | Path,
    format: str = "root",
    naming: str = READABLE,
    *,
    measurement: str | None = None,
    force: bool = False,
) -> Path:
    """Write a result in another format.

    Args:
        result: A result or its directory.
        path: The file; its directory is made if it is not there.
        format: 'root': histograms, efficiencies and profiles. 'json': histograms as UHI JSON.
            'csv' and 'parquet': one measurement, each bin a row, as `Result.to_pandas` has it.
        naming: Of the objects in a ROOT file: 'readable', or those of the 2023 'reference'
            program.
        measurement: In a CSV or Parquet file, by its name; None: the chambers, 'by_chamber'.
        force: Replace a file that is there.

    Returns:
        The path.

    Raises:
        ConfigError: The format, the naming or the measurement is not known, or the file is there
            already or cannot be written.
        InputError: An axis of the measurement has the name of another column.
    """
    out = Path(path)
    if out.is_dir():
        raise ConfigError(f"{out}: is a directory: name a file in it")
    if out.exists() and not force:
        raise ConfigError(
            f"{out}: is there already: choose another name, or replace it with force=True"
        )
    content = to_bytes(Result.load(result), format, naming, measurement)
    with writable(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(out, content)
    return out


def to_bytes(
    result: Result, format: str = "root", naming: str = READABLE, measurement: str | None = None
) -> bytes:
    """Make the content of the file that `export` writes.

    Raises:
        ConfigError: The format, the naming or the measurement is not known.
        InputError: An axis of the measurement has the name of another column.
    """
    check_choice(format, naming, measurement)
    if format in OF_ONE:
        return OF_ONE[format](result, measurement or CHAMBERS)
    return OF_ALL[format](result, naming)


def check_choice(format: str, naming: str, measurement: str | None = None) -> None:
    """Refuse a format or a naming that is not known.

    Raises:
        ConfigError: It is not known, or the format has no names, or has all measurements.
    """
    _check("format", format, FORMATS)
    _check("naming", naming, NAMINGS)
    if format != "root" and naming != READABLE:
        raise ConfigError(f"naming '{naming}': only the format 'root' has it, not '{format}'")
    if measurement is not None and format in OF_ALL:
        raise ConfigError(
            f"measurement '{measurement}': the format '{format}' has all of them; "
            f"only {' and '.join(OF_ONE)} have one"
        )


def _check(what: str, given: str, known: Collection[str]) -> None:
    if given not in known:
        raise ConfigError(f"unknown {what} '{given}': it is one of {', '.join(known)}")
