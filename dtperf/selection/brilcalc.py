"""The tables of brilcalc.

``read_luminosity("lumi.csv")`` reads what ``brilcalc lumi … --output-style csv`` prints, with or
without ``--byls``.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dtperf.errors import InputError
from dtperf.typing import F64, U32, U64, Integers

__all__ = ["BLOCK_SECONDS", "LuminosityTable", "block_keys", "first_runs", "read_luminosity"]

MAX_BYTES = 1 << 28
"""Ten years of luminosity blocks."""
PER_FB = {"b": 1e-15, "mb": 1e-12, "ub": 1e-9, "nb": 1e-6, "pb": 1e-3, "fb": 1.0}
"""Inverse units in 1/fb."""
HOW = "write it with: brilcalc lumi -u /pb --output-style csv -o FILE …"
BLOCK_SECONDS = 2**18 * 26_658.883 / 299_792_458.0
"""A luminosity block is 2**18 turns at the speed of light around the LHC, 26,658.883 m (LHC Design
Report, CERN-2004-003): 23.311 s."""


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
    rate: F64 | None
    """Instantaneous luminosity, delivered, average of a block, Hz/ub; None: rows are of runs."""


def read_luminosity(path: str | Path, how: str = HOW) -> LuminosityTable:
    """Read a table that brilcalc has written, which may be compressed by gzip.

    Args:
        path: CSV with the heads 'run:fill', 'time', 'delivered(/unit)', 'recorded(/unit)', and
            with `--byls` 'ls', 'E(GeV)', 'avgpu', where units may also be (hz/unit); times are
            mm/dd/yy HH:MM:SS in UTC, or seconds since 1970 (`--tssec`).
        how: What a message says of how to write one.

    Raises:
        InputError: It cannot be read, is no such table, has a row twice, or is several tables with
            other columns.
    """
    file = Path(path)
    try:
        stat = file.stat()
        return _read(file, stat.st_mtime_ns, stat.st_size)
    except _NoTable as error:
        raise InputError(f"{file}: {error}{how}") from None
    except FileNotFoundError:
        raise InputError(f"{file}: no such file of luminosity", "missing") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from None


class _NoTable(Exception):  # it becomes one: how to write a table follows
    """What a file is instead of a table; ends so that this can be said behind it."""


# plots ask for it one after the other
@lru_cache(maxsize=4)
def _read(path: Path, _changed: int, size: int) -> LuminosityTable:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as stream:
        text = stream.read(MAX_BYTES + 1) if size <= MAX_BYTES else ""
    if max(size, len(text)) > MAX_BYTES:  # of a compressed one only the text is too long
        raise InputError(f"{path}: more than {MAX_BYTES >> 20} MiB: no luminosity", "oversize")
    lines = text.splitlines()
    kinds = [line.strip() for line in lines if line.lower().startswith("#run:fill")]
    heads = kinds[0] if kinds else ""
    if len({line.lower() for line in kinds}) > 1:
        raise _NoTable(
            f"is several tables, one with the columns {kinds[0][1:80]}, another with "
            "others, as of runs and of luminosity blocks: give one of them, or "
        )
    filled = [line for line in lines if line.strip() and not line.startswith("#")]
    if not heads or not filled:
        what = "no line '#run:fill,…' with the heads of columns" if not heads else "no rows"
        raise _NoTable(f"is no table of luminosity, it has {what}: ")
    columns = _columns(heads.lstrip("#").split(","))
    try:
        # strict: else a quote that nobody closes hides the rows behind it
        table = _table(columns, [*csv.reader(filled, strict=True)])
    except (ValueError, IndexError, OverflowError, csv.Error) as error:
        raise _NoTable(f"a row is none of luminosity ({error}): ") from None
    _refuse_doubled(table)
    return table


def _refuse_doubled(table: LuminosityTable) -> None:
    block = np.zeros_like(table.run) if table.block is None else table.block
    keys = block_keys(table.run, block)
    known, many = np.unique(keys, return_counts=True)
    if len(twice := np.unique(known[many > 1] >> np.uint64(32)).astype(np.uint32)):
        what = "" if table.block is None else "luminosity blocks of "
        raise _NoTable(
            f"has {what}{first_runs(twice)} more than once, as where tables were joined, "
            "which would count them twice: "
        )


def block_keys(run: Integers, block: Integers) -> U64:
    """Return run << 32 | block, shape as of both."""
    keys: U64 = run.astype(np.uint64) << np.uint64(32) | block.astype(np.uint64)
    return keys


class _Columns(NamedTuple):
    places: Mapping[str, int]
    per_fb: Mapping[str, float]
    """Units of 'delivered' and 'recorded' in 1/fb."""
    hz_per_ub: float
    """Unit of 'delivered', of a block, in Hz/ub."""


def _columns(heads: Sequence[str]) -> _Columns:
    """Return where the columns are, and their units."""
    places: dict[str, int] = {}
    units = {}
    for place, head in enumerate(heads):
        name, _, unit = head.strip().lower().rstrip(")").partition("(")
        places.setdefault(name, place)
        units[name] = unit
    if lacking := [name for name in ("time", "delivered", "recorded") if name not in places]:
        raise _NoTable(f"the table lacks the column '{lacking[0]}': ")
    scales, hz_per_ub = {}, 0.0
    for name in ("recorded", "delivered"):
        what, slash, unit = units[name].partition("/")
        if not slash or what not in ("", "hz") or unit not in PER_FB:
            raise _NoTable(f"'{name}' is in {units[name] or 'no unit'}, which is no luminosity: ")
        if what and "ls" not in places:
            raise _NoTable(
                f"'{name}' is in {units[name]}, a rate, of whole runs, whose lengths it "
                "does not tell: "
            )
        scales[name] = PER_FB[unit] * (BLOCK_SECONDS if what else 1)
        hz_per_ub = PER_FB[unit] / PER_FB["ub"] / (1 if what else BLOCK_SECONDS)
    return _Columns(places, scales, hz_per_ub)


def _table(columns: _Columns, rows: Sequence[Sequence[str]]) -> LuminosityTable:
    places = columns.places

    def column(name: str) -> list[str]:
        return [row[places[name]] for row in rows]

    def numbers(name: str) -> F64:
        return np.array(column(name), dtype=np.float64)

    def firsts(name: str) -> U32:
        return np.array([text.partition(":")[0] for text in column(name)], dtype=np.uint32)

    scaled = {name: numbers(name) * unit for name, unit in columns.per_fb.items()}
    further = {name: numbers(name) for name in ("e", "avgpu") if name in places}
    for name, each in (scaled | further).items():
        if (each < 0).any() or not np.isfinite(each).all():
            raise ValueError(f"'{name}' is not negative, and a number")
    begin = np.array([_seconds(text) for text in column("time")])
    if not np.isfinite(begin).all():
        raise ValueError("a time is a number")
    return LuminosityTable(
        run=firsts("run:fill"),
        block=firsts("ls") if "ls" in places else None,
        begin=begin,
        delivered=scaled["delivered"],
        recorded=scaled["recorded"],
        energy=further.get("e"),
        pileup=further.get("avgpu"),
        rate=numbers("delivered") * columns.hz_per_ub if "ls" in places else None,
    )


TIME = re.compile(r"(\d\d)/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)")


def _seconds(text: str) -> float:
    # strptime takes five times as long: a year has a quarter of a million rows
    if found := TIME.fullmatch(text.strip()):
        month, day, year, hour, minute, second = map(int, found.groups())
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    return float(text)


def first_runs(runs: Sequence[int] | U32) -> str:
    """Name the first of some runs, and say how many there are beyond.

    Args:
        runs: One at least.
    """
    shown = ", ".join(map(str, runs[:5]))
    more = f" and {len(runs) - 5:,} more" if len(runs) > 5 else ""
    return f"run{'s' * (len(runs) > 1)} {shown}{more}"
