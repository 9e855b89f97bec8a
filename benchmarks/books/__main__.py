"""Print what of the books is wrong after ten minutes of kills: `python -m benchmarks.books`.

Files of 30 to 80 of the golden events, one in a hundred broken or odd, are measured again and again
on Dask, while workers are killed with SIGKILL, and now and then the command, which then resumes.
Every other time the run opens all files before it begins; else a fileset describes them as they
should be, and workers find out. 10,000 files take 0.9 GB in a temporary directory.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import dtperf
from benchmarks.books.audit import Faults, Truth, audit
from benchmarks.books.breaking import ways
from benchmarks.books.files import INTACT, Made, Maker
from benchmarks.books.killing import Killer, Kills, run
from benchmarks.books.servers import serving
from benchmarks.books.templates import oddities, templates
from dtperf.filesets import write
from dtperf.nanoaod import ColumnFilter
from dtperf.results.result import Result
from processors.segment_efficiency import SegmentEfficiency

CONFIG = "reference_2023"
TEMPLATES = 64
CHUNKSIZES = (100, 40)
"""Files of one chunk, and of two, in turn."""
WAITING = ("run.retries=1", "run.backoff_s=0.1", "run.timeout_s=2")
"""Servers that say nothing are waited for, but not for long."""
KILLED, GAPS = -9, 3
"""Exit codes."""
SHOWN = 10


class Pass(NamedTuple):
    """One run over all files, however often it was resumed."""

    is_known: bool
    seconds: float
    kills: Kills
    code: int
    result: Result | None


def main() -> None:
    """Measure, print a table, and end with 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=10.0, help="for which there are kills")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two kills, mean")
    parser.add_argument("--command", type=float, default=120.0, help="the same of the command")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dtperf-books-") as place:
        sys.exit(0 if _test(options, Path(place)).is_none else 1)


def _test(options: argparse.Namespace, place: Path) -> Faults:
    rng = Random(options.seed)
    config = dtperf.load_config(CONFIG)
    processor = SegmentEfficiency(config)
    needed = ColumnFilter.of(processor.columns | processor.optional_columns)
    sources, folder = place / "templates", place / "files"
    for each in (sources, folder):
        each.mkdir()
    with serving() as addresses:
        begin = time.monotonic()
        made_of = templates(min(TEMPLATES, options.files), needed, sources, rng)
        maker = Maker(made_of, oddities(needed, sources), addresses, rng)
        files = maker.make(folder, options.files, max(options.files // 100, len(ways())))
        _print_files(files, folder, time.monotonic() - begin)
        truth = Truth(config, made_of, sources)
        found, kills = Faults(), Kills()
        for each in _passes(options, place, files, rng):
            found += _judged(each, files, truth)
            kills = Kills(*map(sum, zip(kills, each.kills, strict=True)))
    print(f"\n{kills.workers} workers and {kills.commands} commands were killed.")
    print(f"Events lost: {found.lost}. Events doubled: {found.doubled}. ", end="")
    print(f"Wrong causes: {found.wrong_causes}. Wrong bins: {found.wrong_bins}.")
    for line in found.told[:SHOWN]:
        print(line)
    return found


def _print_files(files: list[Made], folder: Path, seconds: float) -> None:
    size = sum(path.lstat().st_size for path in folder.iterdir())
    events = sum(file.events for file in files)
    broken = sum(file.way is not INTACT for file in files)
    print(f"{len(files):,} files, {events:,} events, {size / 1e6:,.0f} MB, ", end="")
    print(f"{broken} of them broken or odd in {len(ways())} ways; made in {seconds:.0f} s\n")
    counted = ("workers killed", "commands killed", "tried again", "events read", "skipped")
    wrong = ("lost", "doubled", "wrong causes", "wrong bins")
    print("|", " | ".join(("files", "seconds", *counted, *wrong, "events/s")), "|")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|", flush=True)


def _passes(
    options: argparse.Namespace, place: Path, files: list[Made], rng: Random
) -> Iterator[Pass]:
    """Run until the time is over; what has begun then ends in peace."""
    inputs = {False: place / "files.txt", True: place / "files.json.gz"}
    inputs[False].write_text("".join(f"{file.path}\n" for file in files))
    write(inputs[True], [file.as_known() for file in files])
    killer = Killer(rng, 60 * options.minutes, options.every, options.command)
    number = 0
    while number == 0 or not killer.is_over:
        is_known, size = number % 2 == 0, CHUNKSIZES[number // 2 % 2]
        out, log = place / f"out{number}", place / f"log{number}"
        arguments = ["run", CONFIG, str(inputs[is_known]), "-o", str(out), "--executor", "dask"]
        arguments += ["--workers", str(options.workers), "--chunksize", str(size)]
        arguments += ["--on-error", "skip", *(f"--set={each}" for each in WAITING)]
        begin, before, code = time.monotonic(), killer.kills, KILLED
        while code == KILLED:
            again = ["--resume"] if out.exists() else []
            code = run([*arguments, *again], out, log, killer)
        kills = Kills(*(a - b for a, b in zip(killer.kills, before, strict=True)))
        seconds = time.monotonic() - begin
        if code != GAPS:
            print(log.read_text()[-3000:])
        result = Result.load(out) if code == GAPS else None
        yield Pass(is_known, seconds, kills, code, result)
        number += 1


def _judged(each: Pass, files: list[Made], truth: Truth) -> Faults:
    """Print a line of the table."""
    how = "as a fileset knows them" if each.is_known else "opened at the start"
    if each.result is None:
        told = f"the run has ended with {each.code}"
        print(f"| {how} | {each.seconds:.0f} | {told}", flush=True)
        return Faults(lost=sum(file.events for file in files), told=(told,))
    ledger = each.result.ledger
    faults = audit(each.result, files, truth, is_known=each.is_known)
    read, skipped = (ledger.events(status) for status in ("read", "skipped"))
    again = sum(row.attempts - 1 for row in ledger)
    cells = (*each.kills, again, read, skipped, *faults[:4], round(read / each.seconds))
    print(f"| {how} | {each.seconds:.0f} |", *(f"{cell:,} |" for cell in cells), flush=True)
    return faults


if __name__ == "__main__":
    main()
