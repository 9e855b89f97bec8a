"""From a result to a file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from dtperf.errors import ConfigError
from dtperf.files import writable, write_atomic
from dtperf.results.export.naming import extra_objects, readable_objects, reference_objects
from dtperf.results.export.root import root_file
from dtperf.results.export.root_objects import ReferenceObject
from dtperf.results.export.tables import csv_table, json_file
from dtperf.results.extra import exported
from dtperf.results.result import Result

__all__ = ["FORMATS", "NAMINGS", "check_choice", "to_bytes", "write"]

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

FORMATS: Mapping[str, Callable[[Result, str], bytes]] = MappingProxyType(
    {
        "root": lambda result, naming: root_file(NAMINGS[naming](result)),
        "json": lambda result, _: json_file(result.counts, exported(result.extra)),
        "csv": lambda result, _: csv_table(result.counts),
    }
)


def write(
    result: Result,
    path: str | Path,
    format: str = "root",
    naming: str = READABLE,
    *,
    overwrite: bool = False,
) -> Path:
    """Write a result in another format.

    Args:
        result: What was measured.
        path: The file; its directory is made if it is not there.
        format: 'root': histograms, efficiencies and profiles. 'json': histograms as UHI JSON.
            'csv': the fiducial efficiency of each chamber.
        naming: Of the objects in a ROOT file: 'readable', or those of the 2023 'reference'
            program.
        overwrite: Replace a file that is there.

    Returns:
        The path.

    Raises:
        ConfigError: The format or the naming is not known, or the file is there already or
            cannot be written.
        InputError: The result lacks the measurement that a table is made of.
    """
    out = Path(path)
    if out.is_dir():
        raise ConfigError(f"{out}: is a directory: name a file in it")
    if out.exists() and not overwrite:
        raise ConfigError(f"{out}: is there already: choose another name, or overwrite=True")
    content = to_bytes(result, format, naming)
    with writable(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(out, content)
    return out


def to_bytes(result: Result, format: str = "root", naming: str = READABLE) -> bytes:
    """Make the content of the file that `write` writes.

    Raises:
        ConfigError: The format or the naming is not known.
        InputError: The result lacks the measurement that a table is made of.
    """
    check_choice(format, naming)
    return FORMATS[format](result, naming)


def check_choice(format: str, naming: str) -> None:
    """Refuse a format or a naming that is not known.

    Raises:
        ConfigError: It is not known, or the format has no names.
    """
    _check("format", format, FORMATS)
    _check("naming", naming, NAMINGS)
    if format != "root" and naming != READABLE:
        raise ConfigError(f"naming '{naming}': only the format 'root' has it, not '{format}'")


def _check(what: str, given: str, known: Collection[str]) -> None:
    if given not in known:
        raise ConfigError(f"unknown {what} '{given}': it is one of {', '.join(known)}")
