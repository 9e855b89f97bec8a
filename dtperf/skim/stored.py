"""Finish the directory of a skim, and read it with checks."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError, InputError
from dtperf.execution.checkpoint import LOCK
from dtperf.results.accounting import refuse_overlap
from dtperf.results.event_sample import EventSample
from dtperf.results.ledger import Ledger, LedgerRow
from dtperf.results.origin import EventOrigin
from dtperf.results.result import Result
from dtperf.results.storage import LEDGER, RESULT, read_event_sample, read_head
from dtperf.skim.folders import MANIFEST, PART, TALLY, TOKEN, part_names, sweep
from dtperf.skim.parts import BLOCKS, EVENTS, MAX_BLOCKS_BYTES, SUFFIX, PartInfo, read_blocks
from dtperf.skim.tally import LuminosityTally, sum_tallies
from dtperf.validation import read_json, validated, write_json

__all__ = [
    "Skim",
    "covering_parts",
    "finish",
    "is_skim",
    "load_skim",
    "refuse_missing",
    "skim_among",
]

SCHEMA_VERSION = 2
MAX_MANIFEST_BYTES = 1 << 28


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_version: Annotated[int, Field(ge=1)]
    sha256: dict[str, str]
    parts: dict[Annotated[str, Field(pattern=rf"^{PART.pattern}$")], PartInfo]


class Skim(NamedTuple):
    """A skim that is complete, as far as can be checked without reading its events."""

    path: Path
    config: AnalysisConfig
    """The loosest cuts."""
    code: str
    """The version of the code that made it."""
    about: Mapping[str, str]
    """Its identification, for the results that are measured on it."""
    totals: Mapping[str, int]
    """As `Result` has them, of the loosest cuts."""
    ledger: Ledger
    event_sample: EventSample
    event_origin: EventOrigin
    tally: LuminosityTally
    parts: Mapping[str, PartInfo]
    """The files of events, by their names."""


def is_skim(path: Path) -> bool:
    """Return whether a directory is a skim, finished or not."""
    if not os.path.isdir(path):  # noqa: PTH112  # pathlib's raises for names that are too long
        return False
    return (path / MANIFEST).is_file() or (
        (path / LOCK).is_file() and (path / EVENTS).is_dir() and (path / BLOCKS).is_dir()
    )


def skim_among(inputs: Sequence[str | Path]) -> Path | None:
    """Return the skim among inputs; None if there is none.

    Raises:
        ConfigError: There is something else beside it.
    """
    given: Iterable[Any] = inputs  # may be of `InputFile`, too
    local = (Path(each) for each in given if isinstance(each, str | Path))
    skims = [path for path in local if is_skim(path)]
    if skims and len(inputs) > 1:
        raise ConfigError(
            f"{skims[0]}: is a skim, which is measured alone: run each by itself, then "
            "add the results"
        )
    return skims[0] if skims else None


def finish(out: Path, result: Result) -> None:
    """Complete a skim: check its parts and write the manifest.

    Args:
        out: The directory, with the result in it.
        result: Its result.

    Raises:
        InputError: A part of what was read is missing.
    """
    names = covering_parts(result.ledger, part_names(out))
    sweep(out, {*names})  # of chunks whose end nobody saw
    tallies, parts = [], {}
    for name in names:
        counted, info = read_blocks(out / BLOCKS / f"{name}{SUFFIX}")
        tallies.append(counted)
        parts[name] = info.model_dump()
        _refuse_size(out, name, info)
    pq.write_table(sum_tallies(tallies).to_arrow(), out / TALLY, compression="none")
    sums = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in (TALLY, LEDGER)}
    (out / TOKEN).unlink(missing_ok=True)
    write_json(out / MANIFEST, {"schema_version": SCHEMA_VERSION, "sha256": sums, "parts": parts})


def refuse_missing(out: Path, ledger: Ledger) -> None:
    """Check that a skim to be resumed has the parts of all that its ledger has as read.

    Raises:
        InputError: It has not; perhaps it was no skim.
    """
    try:
        covering_parts(ledger, part_names(out))
    except InputError as error:
        raise InputError(
            f"{error}, with force=True; what was measured as a run cannot become a skim",
            error.cause,
        ) from None


def load_skim(path: Path) -> Skim:
    """Read the description of a skim; its events are read later.

    Raises:
        InputError: It is none, is not finished, or was changed since.
    """
    if not (path / MANIFEST).is_file():
        raise InputError(
            f"{path}: an unfinished skim: make the rest of it with resume=True",
            "missing",
        )
    manifest = _read_manifest(path / MANIFEST)
    for name in (TALLY, LEDGER):
        if not (path / name).is_file():
            raise InputError(f"{path}: this skim has no {name}: make it again", "missing")
        if (path / name).stat().st_size > MAX_BLOCKS_BYTES:
            raise InputError(f"{path / name}: larger than it can be", "oversize")
        found = hashlib.sha256((path / name).read_bytes()).hexdigest()
        if found != manifest.sha256.get(name):
            raise InputError(
                f"{path / name}: was changed since the skim was made, or is of another run: "
                "make the skim again",
                "changed",
            )
    if not (path / RESULT).is_file():
        raise InputError(f"{path}: this skim has no {RESULT}: make it again", "missing")
    head, ledger = read_head(path), Ledger.read(path / LEDGER)
    refuse_overlap(ledger)
    if manifest.parts.keys() != {*covering_parts(ledger, manifest.parts)}:
        raise InputError(f"{path}: the parts are not those of its ledger: make it again", "corrupt")
    for name, info in manifest.parts.items():
        _refuse_size(path, name, info)
    counted = _read_tally(path / TALLY)
    events = {int(counted.events.sum()), head.totals.get("events"), ledger.events("read")}
    if len(events) > 1:
        raise InputError(f"{path}: {TALLY} and result do not add up: make it again", "corrupt")
    parts = dict(sorted(manifest.parts.items()))
    about = {
        "begin": head.begin,
        "config": head.config.hash,
        "code": head.code,
        "sha256": hashlib.sha256((path / MANIFEST).read_bytes()).hexdigest(),
    }
    sample = read_event_sample(path, ledger)
    known = (about, head.totals, ledger, sample, head.origin, counted)
    return Skim(path, head.config, head.code, *known, parts)


def covering_parts(ledger: Ledger, names: Iterable[str]) -> list[str]:
    """Return parts that together have each event that was read once.

    A chunk may be of several parts, and what is left of a run that was ended may lie beside them.

    Raises:
        InputError: Some events are in no part.
    """
    by_file: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for name in names:
        if found := PART.fullmatch(name.removesuffix(SUFFIX)):
            by_file[found[1]].append((int(found[2]), int(found[3]), found[0]))
    found_parts = []
    for row in ledger:
        if row.status == "read" and row.events:
            found_parts += _cover(row, by_file[row.uuid])
    return found_parts


def _cover(row: LedgerRow, parts: list[tuple[int, int, str]]) -> list[str]:
    """Return parts that follow one another from the first to the last event of a row."""
    best: dict[int, tuple[int, str]] = {}
    inside = (p for p in parts if row.start <= p[0] < p[1] <= row.stop)
    for start, stop, name in sorted(inside, key=lambda part: (-part[0], part[1])):
        if stop == row.stop or stop in best:
            best[start] = (stop, name)  # the longest one comes last
    cover, at = [], row.start
    while at != row.stop:
        if at not in best:
            raise InputError(
                f"{row.file}: events {row.start} to {row.stop} are in no part of the skim: make it "
                "again",
                "missing",
            )
        at, name = best[at]
        cover.append(name)
    return cover


def _refuse_size(out: Path, name: str, info: PartInfo) -> None:
    path = out / EVENTS / f"{name}{SUFFIX}"
    if not path.is_file():
        raise InputError(f"{path}: is missing: make the skim again", "missing")
    if path.stat().st_size != info.bytes:
        raise InputError(
            f"{path}: has {path.stat().st_size:,} bytes, not {info.bytes:,}: it was damaged since: "
            "make the skim again",
            "truncated",
        )


def _read_manifest(path: Path) -> _Manifest:
    content = read_json(path, MAX_MANIFEST_BYTES)
    version = content.get("schema_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise InputError(f"{path}: was written by a newer dtperf: upgrade to read it")
    return validated(_Manifest, content, path)


def _read_tally(path: Path) -> LuminosityTally:
    try:
        table = pq.ParquetFile(path).read()  # `read_table` would load what datasets need
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: cannot be read: {error}", "corrupt") from None
    return LuminosityTally.from_arrow(table, str(path))
