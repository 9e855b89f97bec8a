"""From a result to a file."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal, get_args

from dtperf.errors import ConfigError
from dtperf.export.objects import ReferenceObject
from dtperf.export.plain import csv_table, json_file
from dtperf.export.readable import readable_objects
from dtperf.export.reference import reference_objects
from dtperf.export.root import root_file
from dtperf.results import Result

__all__ = ["FORMATS", "NAMINGS", "Format", "Naming", "to_bytes", "write"]

Format = Literal["root", "json", "csv"]
Naming = Literal["readable", "reference"]
FORMATS: tuple[Format, ...] = get_args(Format)
NAMINGS: tuple[Naming, ...] = get_args(Naming)


def write(
    result: Result,
    path: str | Path,
    format: Format = "root",
    naming: Naming = "readable",
    *,
    overwrite: bool = False,
) -> Path:
    """Write a result in another format.

    Args:
        result: What was measured.
        path: The file; its directory is made if it is not there.
        format: 'root': histograms, efficiencies and profiles. 'json': histograms as UHI JSON.
            'csv': the fiducial efficiency of each chamber.
        naming: Of the objects in a ROOT file: 'readable', or those of the 2023 reference program.
        overwrite: Replace a file that is there.

    Returns:
        The path.

    Raises:
        ConfigError: The file is there already, or cannot be written.
        InputError: The result lacks the measurement that a table is made of.
    """
    out = Path(path)
    if out.is_dir():
        raise ConfigError(f"{out}: is a directory: name a file in it")
    if out.exists() and not overwrite:
        raise ConfigError(f"{out}: is there already: choose another name, or overwrite it")
    content = to_bytes(result, format, naming)
    # a reader never sees half a file, and an older file outlives a full disk
    partial = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(out)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise ConfigError(f"{out}: cannot be written: {error.strerror}") from error
    return out


def to_bytes(result: Result, format: Format = "root", naming: Naming = "readable") -> bytes:
    """Make the content of the file that `write` writes."""
    match format:
        case "root":
            return root_file(_objects(result, naming))
        case "json":
            return json_file(result.counts)
        case "csv":
            return csv_table(result.counts)


def _objects(result: Result, naming: Naming) -> dict[str, ReferenceObject]:
    if naming == "reference":
        return reference_objects(result.counts)
    return readable_objects(result.counts, result.config.measurements.active())
