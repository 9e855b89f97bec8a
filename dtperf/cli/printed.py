"""What a run leaves on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dtperf.cli.terminal import LONGEST, MEGABYTE, console, first_lines, harmless, table
from dtperf.results.table import printable
from dtperf.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from dtperf.diagnostics.comparison import Changes
    from dtperf.diagnostics.flags import Flag
    from dtperf.results.ledger import LedgerRow
    from dtperf.results.result import Result

__all__ = ["WORTH_A_WORD_S", "of_files", "of_unknown_length", "print_report", "print_verdict"]

WORTH_A_WORD_S = 0.5
"""Compiling that takes less is not told of."""


def print_report(result: Result, out: Path, *, is_skim: bool = False) -> None:
    """Print efficiencies, accounting and throughput.

    Args:
        result: What was measured.
        out: Where it was saved.
        is_skim: Whether it was saved as a skim.
    """
    terminal = console()
    if _is_measured(result):
        terminal.print(_efficiencies(result))
    skipped = _skipped(result, out, is_skim=is_skim)
    for line in (*_accounting(result), *skipped, *_warnings(result), _throughput(result)):
        terminal.print(line)
    terminal.print(f"Result in {out}", markup=False)


def print_verdict(
    result: Result, reference: Result | None = None, found: Changes | None = None
) -> tuple[Flag, ...]:
    """Print what is flagged, the largest place first, and the result in one sentence.

    Args:
        result: What was measured; without chambers nothing is printed.
        reference: Another result, to find what has dropped since.
        found: What has changed from that to this.

    Returns:
        The flags.
    """
    from dtperf.diagnostics.flags import flag  # loads scipy
    from dtperf.pages.report import verdict

    flags = flag(result, reference, found=found)
    if result.by_chamber():
        print(verdict(result, flags, found))
    return flags


def of_unknown_length(files: int) -> str:
    """Tell of files that never could be opened, so that nobody knows their events."""
    return f"{counted(files, 'file')} of unknown length"


def of_files(remarks: Mapping[str, str]) -> Iterator[str]:
    """Tell of the first files that there are remarks on, in plain text, and how many more."""
    lines = (f"{file}: {remark}" for file, remark in remarks.items())
    return first_lines((printable(each[:LONGEST]) for each in lines), "more such files")


def _efficiencies(result: Result) -> Table:
    from dtperf.results.summary import in_words

    shown = table("station", "efficiency", ">%", ">passed / total")
    shown.caption = "Clopper-Pearson intervals of one standard deviation"
    for station in result.by_station():
        shown.add_row(station.name, "fiducial", *in_words(station.fiducial))
        shown.add_row("", "× acceptance", *in_words(station.with_acceptance))
    return shown


def _accounting(result: Result) -> Iterator[str]:
    from dtperf.results.caption import runs_in_words
    from dtperf.results.html import counted_twice

    totals = result.totals
    read, skipped = result.ledger.events("read"), result.skipped_events
    if result.runs:
        yield f"They are {result.origin.words or 'events'} of {runs_in_words(result.runs)}"
    known = f"{counted(read, 'event')} read + {skipped:,} skipped"
    if result.unknown_files:
        yield f"[yellow]{known} + {of_unknown_length(result.unknown_files)}[/]"
    else:
        yield f"{known} = {read + skipped:,}"
    if result.config.selection.luminosity_mask is not None and _is_measured(result):
        yield f"{totals['certified']:,} of those read are in the luminosity mask"
    yield f"{counted(totals['files'], 'file')}, {counted(totals['chunks'], 'chunk')}"
    if _is_measured(result):
        yield f"{counted(totals['pairs'], 'pair')}, {counted(totals['crossings'], 'crossing')}"
        yield counted_twice(result)
    yield from _own(result)


def _is_measured(result: Result) -> bool:
    """Return whether a result speaks of efficiencies, and not of a processor's own counts alone."""
    return bool(result.counts) or not result.extra


def _own(result: Result) -> Iterator[str]:
    """Yield what the processor has counted of its own."""
    lines = []
    for name, value in result.extra.items():
        if isinstance(value, int | float):
            lines.append(f"{harmless(name)}: {value:,}")
        else:
            entries = float(value.values(flow=True).sum())
            lines.append(f"{harmless(name)}: {entries:,.10g} entries")
    return first_lines(lines, "more of the processor's own")


def _skipped(result: Result, out: Path, *, is_skim: bool) -> Iterator[str]:
    """Yield what was skipped, why, and what can be done."""
    rows = [row for row in result.ledger if row.status == "skipped"]
    if not rows:
        return
    yield "[yellow]Skipped:[/]"
    for cause, _ in Counter(row.cause for row in rows).most_common():
        same = [row for row in rows if row.cause == cause]
        yield f"  {cause}: {', '.join(_amounts(same))}"
    first = {row.identity: row for row in reversed(rows)}
    lines = [f"{harmless(row.file)}: {_reason(row)}" for row in sorted(first.values())]
    yield from first_lines(lines, "more files: the ledger names them all", "  ")
    command = "skim" if is_skim or result.skims else "run"
    then = " and a new run on it" if result.skims else ""
    yield (
        f"Try again with `dtperf {command} … --resume`{then}, or elsewhere: "
        f"`dtperf fileset retry {harmless(str(out))} -o missing.json.gz`"
    )


def _amounts(skipped: Sequence[LedgerRow]) -> Iterator[str]:
    """Yield how many events of how many files, and the files of which nobody knows how many."""
    unknown = {row.identity for row in skipped if not row.is_counted}
    known = {row.identity for row in skipped if row.is_counted}
    if known:
        events = sum(row.events for row in skipped)
        yield f"{counted(events, 'event')} of {counted(len(known), 'file')}"
    if unknown:
        yield f"{counted(len(unknown), 'file')} of unknown length"


def _reason(row: LedgerRow) -> str:
    """Leave out of the message what the line begins with."""
    return harmless((row.message.removeprefix(f"{row.file}: ") or row.cause)[:LONGEST])


def _warnings(result: Result) -> Iterator[str]:
    is_measured, active = _is_measured(result), result.config.measurements.active()
    lines = []
    if not result.totals["pairs"] and is_measured:
        lines.append("No pair was selected: check the cuts with `dtperf config show CONFIG`.")
    lines += result.event_remarks
    lines += map(harmless, of_files(result.remarks))
    for name, count in result.anomalies.items():
        measurement = name.removeprefix("events_not_in_")
        if count and measurement == name:
            lines.append(f"{name.replace('_', ' ')}: {count:,} times")
        elif count and measurement not in result.left_out:
            lines.append(f"{measurement} lacks {counted(count, 'event')} without its branches")
    if result.left_out and is_measured:
        lines.append(f"Left out, the input lacks their branches: {', '.join(result.left_out)}")
        if any("inst_lumi" in active[name].columns for name in result.left_out):
            lines.append(
                "Luminosity can be given: --luminosity-by-block FILE, brilcalc's with --byls"
            )
    return (f"[yellow]{line}[/]" for line in lines)


def _throughput(result: Result) -> str:
    events, size = result.totals["events"], result.totals["bytes"] / MEGABYTE
    seconds = sum(job.get("seconds_measuring", 0.0) for job in result.jobs)
    compiling = sum(job.get("seconds_compiling", 0.0) for job in result.jobs)
    wall = seconds - compiling
    if wall <= 0:
        return f"{size:,.1f} MB read"
    took = f"{seconds:.1f} s"
    if compiling > WORTH_A_WORD_S:
        took += f", of which {compiling:.1f} s compiling, once; without"
    speed = f"{events / wall:,.0f} events/s"
    read = f"{size:,.1f} MB read at {size / wall:,.1f} MB/s"
    if result.skims:
        read = f"of {', '.join(map(harmless, result.skims))}"
        if any("skim" not in job for job in result.jobs):
            read += " and files"
    if len(result.jobs) > 1:
        # they may have run at the same time
        return f"{took} in {counted(len(result.jobs), 'job')}, added up: {speed}, {read}"
    [job] = result.jobs
    cores = min(job.get("workers") or 1, job.get("cpus") or 1)
    return f"{took}: {speed}, {events / wall / cores:,.0f} on each of {cores} cores, {read}"
