"""The files of a result directory: written so that no mix loads, read with suspicion."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from dtperf.config import AnalysisConfig, load_config
from dtperf.errors import ConfigError, InputError
from dtperf.files import write_atomic
from dtperf.measurements.declaration import Histogram
from dtperf.results.accounting import refuse_overlap
from dtperf.results.event_sample import EventSample
from dtperf.results.event_sample_file import read_sample, sample_to_parquet
from dtperf.results.extra import Extra, extra_from_json, extra_to_json
from dtperf.results.histogram_json import from_uhi, read_counts, to_json
from dtperf.results.ledger import Ledger
from dtperf.results.origin import EventOrigin, StoredOrigin
from dtperf.validation import read_json, validated

__all__ = [
    "EVENT_SAMPLE",
    "LEDGER",
    "RESULT",
    "SCHEMA_VERSION",
    "ResultHead",
    "StoredResult",
    "read_event_sample",
    "read_files",
    "read_head",
    "write_files",
]

SCHEMA_VERSION, OLDEST_VERSION = 3, 2
"""That is written, and the first that is read: before 3 profiles have no high parts."""
RESULT, HISTOGRAMS, LEDGER = "result.json", "histograms.json.gz", "ledger.parquet"
EXTRA = "extra.json.gz"
"""Only there if a processor has counted something of its own."""
EVENT_SAMPLE = "event_sample.parquet"
"""Which not all results have: older ones have none."""
MAX_RESULT_BYTES = 1 << 24
MAX_EXTRA_BYTES = 1 << 27

Count = Annotated[int, Field(ge=0)]


class _Job(BaseModel):
    model_config = ConfigDict(extra="allow")

    begin: str = ""
    seconds: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    seconds_measuring: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    seconds_compiling: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    workers: Count = 0
    user: str = ""
    host: str = ""
    python: str = ""
    cpus: Count | None = None
    packages: dict[str, str] = Field(default_factory=dict)


class _Content(BaseModel):
    config: dict[str, Any]
    config_hash: str
    code: str
    totals: dict[str, Count]
    anomalies: dict[str, Count]
    jobs: list[_Job]
    origin: StoredOrigin = StoredOrigin()
    sha256: dict[str, str]


class StoredResult(NamedTuple):
    """What the files hold."""

    config: AnalysisConfig
    counts: dict[str, Histogram]
    totals: dict[str, int]
    anomalies: dict[str, int]
    ledger: Ledger
    jobs: tuple[dict[str, Any], ...]
    code: str
    extra: dict[str, Extra]
    event_sample: EventSample
    origin: EventOrigin


def write_files(
    out: Path,
    content: Mapping[str, Any],
    counts: Mapping[str, Histogram],
    ledger: Ledger,
    extra: Mapping[str, Extra],
    event_sample: EventSample,
) -> None:
    """Write the files of a result.

    Args:
        out: Directory.
        content: What is neither histogram nor table.
        counts: Histograms of integers by name.
        ledger: The ledger.
        extra: What a processor has counted of its own.
        event_sample: The sample of its events.
    """
    # mtime=0: equal counts give equal bytes
    data = {
        HISTOGRAMS: gzip.compress(to_json(counts), compresslevel=1, mtime=0),
        LEDGER: ledger.to_parquet(),
        EVENT_SAMPLE: sample_to_parquet(event_sample),
    }
    if extra:
        data[EXTRA] = gzip.compress(extra_to_json(extra), compresslevel=1, mtime=0)
    sums = {name: hashlib.sha256(each).hexdigest() for name, each in data.items()}
    whole = {"schema_version": SCHEMA_VERSION, **content, "sha256": sums}
    data[RESULT] = (json.dumps(whole, indent=2) + "\n").encode()
    for name, each in data.items():
        write_atomic(out / name, each)
    if not extra:
        (out / EXTRA).unlink(missing_ok=True)


class ResultHead(NamedTuple):
    """What a result says without its histograms, which take longer to read than all the rest."""

    config: AnalysisConfig
    code: str
    totals: dict[str, int]
    begin: str
    """Of its first job."""
    origin: EventOrigin


def read_head(out: Path) -> ResultHead:
    """Read only what a result was made with.

    Raises:
        InputError: It is no result, or cannot be true.
    """
    content = _read_content(out / RESULT)
    begin = min((job.begin for job in content.jobs), default="")
    origin = EventOrigin.load(content.origin)
    return ResultHead(_config(content, out / RESULT), content.code, content.totals, begin, origin)


def read_files(out: Path) -> StoredResult:
    """Read the files of a result, which may come from anybody.

    Raises:
        InputError: They are no result, do not belong together, or cannot be true.
    """
    if out.is_file():
        raise InputError(f"{out}: is a file: name the directory of a result", "missing")
    for name in (RESULT, HISTOGRAMS, LEDGER):
        if not (out / name).is_file():
            raise InputError(f"{out}: is not a result directory: it has no {name}", "missing")
    try:
        content = _read_content(out / RESULT)
        for name in (HISTOGRAMS, LEDGER, *((EXTRA,) if EXTRA in content.sha256 else ())):
            _refuse_changed(out / name, content)
        histograms = read_counts(out / HISTOGRAMS)
        ledger = Ledger.read(out / LEDGER)
        extra = _read_extra(out / EXTRA) if EXTRA in content.sha256 else {}
        event_sample = _event_sample(out, content, ledger)
    except OSError as error:
        raise InputError(f"{out}: the result cannot be read: {error}") from error
    refuse_overlap(ledger)
    return StoredResult(
        config=_config(content, out / RESULT),
        counts=from_uhi(histograms, str(out / HISTOGRAMS)),
        totals=content.totals,
        anomalies=content.anomalies,
        ledger=ledger,
        jobs=tuple(job.model_dump(exclude_unset=True) for job in content.jobs),
        code=content.code,
        extra=extra,
        event_sample=event_sample,
        origin=EventOrigin.load(content.origin),
    )


def _read_extra(path: Path) -> dict[str, Extra]:
    return extra_from_json(read_json(path, MAX_EXTRA_BYTES, gzipped=True), path)


def read_event_sample(out: Path, ledger: Ledger) -> EventSample:
    """Read the sample of a result's events.

    Args:
        out: Directory of the result.
        ledger: Its ledger.

    Returns:
        An empty sample of no events, where an older dtperf has written none.

    Raises:
        InputError: It does not belong to the result, or cannot be true.
    """
    return _event_sample(out, _read_content(out / RESULT), ledger)


def _event_sample(out: Path, content: _Content, ledger: Ledger) -> EventSample:
    path = out / EVENT_SAMPLE
    if EVENT_SAMPLE not in content.sha256:
        return EventSample()
    if not path.is_file():
        raise InputError(f"{path}: is missing, which its {RESULT} names", "missing")
    _refuse_changed(path, content)
    sample = read_sample(path)
    known = {row.uuid for row in ledger if row.status == "read"}
    if sample.events > ledger.events("read") or any(f.uuid not in known for f in sample.files):
        raise InputError(f"{path}: has events that the ledger has not read", "corrupt")
    return sample


def _refuse_changed(path: Path, content: _Content) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != content.sha256.get(path.name):
        raise InputError(
            f"{path}: was changed or written only in part: it does not belong to this {RESULT}",
            "changed",
        )


def _read_content(path: Path) -> _Content:
    content = read_json(path, MAX_RESULT_BYTES)
    version = content.get("schema_version") if isinstance(content, dict) else None
    if type(version) is not int or version < 1:
        raise InputError(f"{path}: schema_version: is not that of a result", "corrupt")
    if version > SCHEMA_VERSION:
        raise InputError(f"{path}: was written by a newer dtperf: upgrade to read it")
    if version < OLDEST_VERSION:
        raise InputError(
            f"{path}: was written by an older dtperf, whose ledger tells less: measure again"
        )
    return validated(_Content, content, path)


def _config(content: _Content, path: Path) -> AnalysisConfig:
    try:
        config = load_config(content.config)
    except ConfigError as error:
        raise InputError(f"{path}: config: {error}", "corrupt") from None
    if config.hash != content.config_hash:
        raise InputError(
            f"{path}: config_hash: is {content.config_hash[:12]!r}, but that of its config is "
            f"{config.hash[:12]!r}: one of them was changed, or this dtperf has other defaults",
            "changed",
        )
    return config
