"""The tables of brilcalc, and the luminosity that a result was made of.

``read_luminosity("lumi.csv")`` reads what ``brilcalc lumi … --output-style csv`` prints, with or
without ``--byls``; `recorded` sums up what of it a result has read.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dtperf.errors import InputError
from dtperf.results.origin import Blocks
from dtperf.selection.luminosity import is_certified
from dtperf.typing import F64, U32, U64

__all__ = ["LuminosityTable", "Recorded", "read_luminosity", "recorded"]

MAX_BYTES = 1 << 28
"""Ten years of luminosity blocks."""
MAX_BLOCKS = 1 << 24
PER_FB = {"b": 1e-15, "mb": 1e-12, "ub": 1e-9, "nb": 1e-6, "pb": 1e-3, "fb": 1.0}
"""Inverse units in 1/fb."""
HOW = "write it with: brilcalc lumi -u /pb --output-style csv -o FILE …"


@dataclass(frozen=True, eq=False)
class LuminosityTable:
    """One row for each run, or with `--byls` for each luminosity block."""

    run: U32
    """Shape (rows,), as all others."""
    block: U32 | None
    """Numbers of the luminosity blocks; None: rows are of runs."""
    begin: F64
    """When it began, in seconds since 1970, UTC."""
    delivered: F64
    """Integrated, 1/fb."""
    recorded: F64
    """Integrated, 1/fb."""
    energy: F64 | None
    """Of one beam, GeV; None: the table does not tell."""
    pileup: F64 | None
    """Average number of collisions; None: the table does not tell."""


class Recorded(NamedTuple):
    """The luminosity that a result was made of."""

    per_fb: float
    """Recorded, 1/fb."""
    begin: datetime
    """When the first of it was recorded, UTC."""
    end: datetime
    """When the last of its runs or luminosity blocks began."""
    energy_tev: float | None
    """Of the collisions, if the table has one for all; else None."""
    remarks: tuple[str, ...]
    """What it lacks, or has too much."""


def read_luminosity(path: str | Path) -> LuminosityTable:
    """Read a table that brilcalc has written, which may be compressed by gzip.

    Args:
        path: CSV with the heads 'run:fill', 'time', 'delivered(/unit)', 'recorded(/unit)', and
            with `--byls` 'ls', 'E(GeV)', 'avgpu'; times are mm/dd/yy HH:MM:SS in UTC, or seconds
            since 1970 (`--tssec`).

    Raises:
        InputError: It cannot be read, or is no such table.
    """
    file = Path(path)
    try:
        stat = file.stat()
        return _read(file, stat.st_mtime_ns, stat.st_size)
    except FileNotFoundError:
        raise InputError(f"{file}: no such file of luminosity", "missing") from None
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from None


# plots ask for it one after the other
@lru_cache(maxsize=4)
def _read(path: Path, _changed: int, size: int) -> LuminosityTable:
    if size > MAX_BYTES:
        raise InputError(f"{path}: more than {MAX_BYTES >> 20} MiB: no luminosity", "oversize")
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as stream:
        lines = stream.read(MAX_BYTES).splitlines()
    heads = next((line for line in lines if line.lower().startswith("#run:fill")), "")
    rows = [*csv.reader(line for line in lines if line.strip() and not line.startswith("#"))]
    if not heads or not rows:
        what = "no line '#run:fill,…' with the heads of columns" if not heads else "no rows"
        raise InputError(f"{path}: is no table of luminosity, it has {what}: {HOW}")
    columns = _columns(heads.lstrip("#").split(","), path)
    try:
        return _table(columns, rows)
    except (ValueError, IndexError) as error:
        raise InputError(f"{path}: a row is none of luminosity ({error}): {HOW}") from None


class _Columns(NamedTuple):
    places: Mapping[str, int]
    per_fb: Mapping[str, float]


def _columns(heads: Sequence[str], path: Path) -> _Columns:
    """Return where the columns are, and the units of 'delivered' and 'recorded' in 1/fb."""
    places: dict[str, int] = {}
    units = {}
    for place, head in enumerate(heads):
        name, _, unit = head.strip().lower().rstrip(")").partition("(")
        places.setdefault(name, place)
        units[name] = unit
    if lacking := [name for name in ("time", "delivered", "recorded") if name not in places]:
        raise InputError(f"{path}: the table lacks the column '{lacking[0]}': {HOW}")
    scales = {}
    for name in ("delivered", "recorded"):
        unit = units[name].removeprefix("/")
        if unit not in PER_FB or not units[name].startswith("/"):
            raise InputError(
                f"{path}: '{name}' is in {units[name] or 'no unit'}, which is no integrated "
                f"luminosity: {HOW}"
            )
        scales[name] = PER_FB[unit]
    return _Columns(places, scales)


def _table(columns: _Columns, rows: Sequence[Sequence[str]]) -> LuminosityTable:
    places = columns.places

    def column(name: str) -> list[str]:
        return [row[places[name]] for row in rows]

    def numbers(name: str) -> F64:
        return np.array(column(name), dtype=np.float64)

    def firsts(name: str) -> U32:
        return np.array([text.partition(":")[0] for text in column(name)], dtype=np.uint32)

    scaled = {name: numbers(name) * unit for name, unit in columns.per_fb.items()}
    if any((each < 0).any() or not np.isfinite(each).all() for each in scaled.values()):
        raise ValueError("luminosity is not negative, and a number")
    return LuminosityTable(
        run=firsts("run:fill"),
        block=firsts("ls") if "ls" in places else None,
        begin=np.array([_seconds(text) for text in column("time")]),
        delivered=scaled["delivered"],
        recorded=scaled["recorded"],
        energy=numbers("e") if "e" in places else None,
        pileup=numbers("avgpu") if "avgpu" in places else None,
    )


TIME = re.compile(r"(\d\d)/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)")


def _seconds(text: str) -> float:
    # strptime takes five times as long: a year has a quarter of a million rows
    if found := TIME.fullmatch(text.strip()):
        month, day, year, hour, minute, second = map(int, found.groups())
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    return float(text)


def recorded(
    table: LuminosityTable,
    runs: Sequence[int],
    blocks: Mapping[int, Blocks],
    mask: Mapping[str, Any] | None = None,
) -> Recorded:
    """Sum up what was recorded of the runs, or luminosity blocks, that events were read of.

    Args:
        table: From `read_luminosity`.
        runs: Of the events.
        blocks: The luminosity blocks of each run, as `EventOrigin` has them; none: not known.
        mask: The luminosity mask of the analysis.

    Raises:
        InputError: There are more luminosity blocks than can be.
    """
    if table.block is None or not blocks:
        is_read = np.isin(table.run, runs)
        lacking = np.setdiff1d(np.array(runs, dtype=np.uint32), table.run)
        remarks = [f"it lacks {_listed(lacking)}"] if len(lacking) else []
        why = "a table by luminosity block, brilcalc's byls, is of the blocks that were read"
        remarks.append(f"whole runs count: {why if blocks else 'the blocks read are not known'}")
    else:
        keys = _keys(blocks, mask)
        theirs = table.run.astype(np.uint64) << np.uint64(32) | table.block
        is_read = np.isin(theirs, keys)
        n_lacking = len(keys) - len(np.intersect1d(keys, theirs))
        read = f"{len(keys):,} luminosity blocks that were read"
        remarks = [f"it lacks {n_lacking:,} of {read}"] if n_lacking else []
    times = table.begin[is_read]
    begin, end = (times.min(), times.max()) if len(times) else (0.0, 0.0)
    return Recorded(
        float(table.recorded[is_read].sum()),
        datetime.fromtimestamp(begin, UTC),
        datetime.fromtimestamp(end, UTC),
        _energy(table, is_read),
        tuple(remarks),
    )


def _energy(table: LuminosityTable, is_read: Any) -> float | None:
    """Return the energy of the collisions in TeV: that of two beams, to 0.1 TeV."""
    if table.energy is None:
        return None
    found = np.unique(np.round(2 * table.energy[is_read] / 1000, 1))
    return float(found[0]) if len(found) == 1 else None


def _keys(blocks: Mapping[int, Blocks], mask: Mapping[str, Any] | None) -> U64:
    """Return run << 32 | block of all luminosity blocks that are in a mask."""
    ranges = [(run, first, last) for run, mine in blocks.items() for first, last in mine]
    if sum(last - first for _, first, last in ranges) > MAX_BLOCKS:
        raise InputError("the result has more luminosity blocks than there can be", "corrupt")
    parts = [np.arange(first, last + 1, dtype=np.int64) for _, first, last in ranges]
    numbers = np.concatenate([np.empty(0, np.int64), *parts])
    runs = np.repeat([run for run, *_ in ranges], [len(part) for part in parts]).astype(np.int64)
    if mask is not None and len(numbers):
        inside = is_certified({"run": runs, "luminosityBlock": numbers}, mask)
        runs, numbers = runs[inside], numbers[inside]
    return np.unique(runs.astype(np.uint64) << np.uint64(32) | numbers.astype(np.uint64))


def _listed(runs: U32) -> str:
    shown = ", ".join(map(str, runs[:5]))
    more = f" and {len(runs) - 5:,} more" if len(runs) > 5 else ""
    return f"run{'s' * (len(runs) > 1)} {shown}{more}"
