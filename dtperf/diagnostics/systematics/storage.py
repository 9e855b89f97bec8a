"""Systematic uncertainties in a directory: all of it as JSON, and its tables as Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from dtperf.diagnostics.systematics.declaration import Change, load_variations
from dtperf.diagnostics.systematics.model import Systematics, Varied
from dtperf.diagnostics.systematics.places import places
from dtperf.diagnostics.systematics.shifts import Shift
from dtperf.errors import ConfigError, InputError
from dtperf.files import writable, write_atomic
from dtperf.typing import AnyArray
from dtperf.validation import read_json, validated, write_json

__all__ = ["FILE", "load", "refuse_other", "save"]

FILE = "systematics.json"
TABLES = ("shifts", "stations", "chambers")
MAX_BYTES = 50_000_000
"""45 changes take 1 MB."""
VERSION = 1

Counts = list[Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=2, max_length=2)]]
Numbers = list[FiniteFloat | None]


class _Varied(BaseModel):
    model_config = ConfigDict(extra="forbid")
    variation: str
    direction: str
    cuts: dict[str, Any]
    shift: Numbers
    uncertainty: Numbers
    counts: Counts | None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version: Annotated[int, Field(ge=VERSION, le=VERSION)]
    about: dict[str, Any]
    places: list[str]
    nominal: Counts
    varied: Annotated[list[_Varied], Field(min_length=1)]
    left_out: dict[str, str]
    covariance_of_stations: list[list[FiniteFloat]]
    declared: dict[str, Any]


def save(found: Systematics, out: str | Path, *, force: bool = False) -> Path:
    """Write systematic uncertainties.

    Args:
        found: All of them.
        out: A directory, new or empty; in it `systematics.json` is what `load` reads, and
            `shifts.parquet`, `stations.parquet` and `chambers.parquet` are its tables.
        force: Replace those of before.

    Returns:
        The directory.

    Raises:
        ConfigError: There is something else, or it cannot be written.
    """
    path = Path(out)
    refuse_other(path, force=force)
    with writable(path):
        path.mkdir(parents=True, exist_ok=True)
        frames = (found.to_pandas(), found.by_station().to_pandas(), found.by_chamber().to_pandas())
        for name, frame in zip(TABLES, frames, strict=True):
            write_atomic(path / f"{name}.parquet", frame.to_parquet(index=False))
        write_json(path / FILE, _content(found))
    return path


def refuse_other(out: Path, *, force: bool) -> None:
    """Check that a directory may be written to.

    Args:
        out: Where `save` is to write.
        force: Whether what it has written before may be replaced.

    Raises:
        ConfigError: There is something else.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / FILE).exists():
        raise ConfigError(f"{out}: is there, and has no {FILE}: choose another directory")
    if not force:
        raise ConfigError(f"{out}: exists already; force=True replaces it")


def load(directory: str | Path) -> Systematics:
    """Read what `save` has written.

    Raises:
        InputError: There is no such file, or it is something else; names it.
    """
    path = Path(directory) / FILE
    if not path.exists():
        raise InputError(f"{path}: no such file: this is no directory of `dtperf systematics`")
    content = validated(_File, read_json(path, MAX_BYTES), path)
    sizes = {len(each.shift) for each in content.varied} | {len(content.nominal)}
    if content.places != [place.name for place in places()] or sizes != {len(content.places)}:
        raise InputError(f"{path}: its places are not the barrel, its stations and its chambers")
    varied = tuple(
        Varied(
            each.variation,
            Change(each.direction, each.cuts),
            Shift(_array(each.shift), _array(each.uncertainty)),
            None if each.counts is None else np.array(each.counts, dtype=np.int64),
        )
        for each in content.varied
    )
    try:
        declared = load_variations(content.declared)
    except ConfigError as error:
        raise InputError(f"{path}: declared: {error}", "corrupt") from None
    unknown = {each.variation for each in varied} - declared.variations.keys()
    if unknown:
        raise InputError(f"{path}: {min(unknown)}: is not among the variations declared")
    nominal = np.array(content.nominal, dtype=np.int64)
    return Systematics(nominal, varied, declared, content.left_out, content.about)


def _content(found: Systematics) -> dict[str, Any]:
    varied = [
        {
            "variation": each.variation,
            "direction": each.change.direction,
            "cuts": dict(each.change.cuts),
            "shift": _numbers(each.shift.value),
            "uncertainty": _numbers(each.shift.uncertainty),
            "counts": None if each.counts is None else each.counts.tolist(),
        }
        for each in found.varied
    ]
    return {
        "version": VERSION,
        "about": dict(found.about),
        "places": [place.name for place in places()],
        "nominal": found.nominal.tolist(),
        "varied": varied,
        "left_out": dict(found.left_out),
        "covariance_of_stations": found.sum.covariance.tolist(),
        "declared": found.declared.model_dump(mode="json"),
    }


def _numbers(values: AnyArray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def _array(numbers: list[float | None]) -> AnyArray:
    return np.array([np.nan if number is None else number for number in numbers])
