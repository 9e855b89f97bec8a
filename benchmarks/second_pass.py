"""What a second pass costs: `python -m benchmarks.second_pass [--large] [--record]`.

Times are medians over rounds, of the CPU where rates are for a core. Ratios are of one run: other
work on the machine spoils what is beyond them.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import pyarrow as pa

import dtperf
from benchmarks.history import append
from benchmarks.skim_formats import measure_formats
from benchmarks.yardstick import decompression_rate
from dtperf.measurements import STANDARD
from dtperf.nanoaod.open_files import close_all
from dtperf.results.event_sample import EventSample
from dtperf.results.ledger import Ledger
from dtperf.results.result import Result
from dtperf.skim import load_skim, skim
from dtperf.skim.parts import SUFFIX
from dtperf.skim.recut.loaded import threads
from dtperf.skim.stored import finish
from dtperf.synthetic import Settings, generate

CUTS: dict[str, list[dict[str, Any]]] = {
    "tag, probe or pair": [{"selection.probe.min_pt": 25.0 + n} for n in range(9)],
    "passing": [{"selection.passing.max_dx": 5.0 + n} for n in range(9)],
    "station": [{"selection.station.border_x": -20.0 + n} for n in range(9)],
}
FEW = ("by_chamber", "efficiency_vs_pt", "acceptance_vs_pt")


class Timed(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="lean events to begin with")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--large", action="store_true", help="100 million crossings, too: 15 GB of disk and memory"
    )
    parser.add_argument("--json", type=Path, help="write the numbers to a file")
    parser.add_argument("--record", action="store_true", help="append the ratios to the history")
    options = parser.parse_args()
    found: dict[str, Any] = {"threads": threads(), "events": options.events}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        generate(Settings(events=options.events, files=4, seed=7), work / "lean")
        generate(Settings(events=options.events // 50, content="full", seed=7), work / "full")
        found |= passes(work, options.rounds)
        found["sizes"] = sizes(work)
        found["formats"] = formats(work, options.rounds)
        targets = [1, 10, *([100] if options.large else [])]
        found["cuts"] = [cuts(work, target, options.rounds) for target in targets]
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    if options.record:
        append("second pass", ratios(found), decompression_rate())


def timed(work: Callable[[], object], rounds: int, warm: bool = True) -> Timed:
    """Time some work, after a first round that does not count."""
    times = []
    for number in range(rounds + warm):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        if number or not warm:
            times.append((time.perf_counter() - wall, time.process_time() - cpu))
    return Timed(*map(median, zip(*times, strict=True)))


def ratios(found: dict[str, Any]) -> dict[str, float]:
    """Compare with a first pass, in CPU time an event, and a skim with full files, in bytes."""
    first = found["passes"]["dtperf run, of the files"]["cpu"] / found["read"]
    made = {
        name: first * found["read"] / each["cpu"]
        for name, each in found["passes"].items()
        if name != "dtperf run, of the files"
    }
    most = next(each for each in reversed(found["cuts"]) if "station, all" in each)
    for kind in CUTS:
        made[f"new cuts, {kind}"] = first * most["events"] / most[f"{kind}, all"].cpu
    sizes = found["sizes"]
    for compression in ("none", "zstd"):
        name = f"bytes of full files / skim, {compression}"
        made[name] = sizes["full, files"] / sizes[f"full, skim, {compression}"]
    return made


def passes(work: Path, rounds: int) -> dict[str, Any]:
    """Compare a first pass, making a skim, a run on it, and new cuts in memory."""
    config = dtperf.load_config("reference_2023")
    tighter = dtperf.load_config(config, ["selection.probe.min_pt=25"])

    def first() -> None:
        close_all()
        dtperf.run(tighter, work / "lean", out=work / "first", force=True)

    def make() -> None:
        close_all()
        skim(config, work / "lean", out=work / "skim", force=True)

    def again() -> None:
        dtperf.run(tighter, work / "skim", out=work / "again", force=True)

    seconds = {
        "dtperf run, of the files": timed(first, rounds),
        "dtperf skim": timed(make, rounds),
        "dtperf run, of the skim": timed(again, rounds),
    }
    analysis = dtperf.Analysis(work / "skim")
    cuts = {"selection.probe.min_pt": 25}
    seconds["with_cuts"] = timed(lambda: analysis.with_cuts(cuts), rounds)
    read = load_skim(work / "skim").totals["events"]
    base = seconds["dtperf run, of the files"].cpu
    print("| | events/s | events/s of a core | times a first pass |")
    print("|---|---:|---:|---:|")
    for name, (wall, cpu) in seconds.items():
        print(f"| {name} | {read / wall:,.0f} | {read / cpu:,.0f} | {base / cpu:.1f} |")
    return {"passes": {name: each._asdict() for name, each in seconds.items()}, "read": read}


def sizes(work: Path) -> dict[str, float]:
    """Compare bytes an event."""
    config, found = dtperf.load_config("reference_2023"), {}
    for kind in ("lean", "full"):
        close_all()
        for compression in ("none", "zstd"):
            out = work / f"{kind}-{compression}"
            made = skim(config, work / kind, out=out, compression=compression)
            size = sum(part.bytes for part in load_skim(out).parts.values())
            found[f"{kind}, skim, {compression}"] = size / made.totals["events"]
        files = sum(path.stat().st_size for path in (work / kind).glob("*.root"))
        found[f"{kind}, files"] = files / made.totals["events"]
    print("\n| | bytes an event |\n|---|---:|")
    for name, size in found.items():
        print(f"| {name} | {size:,.0f} |")
    return found


def formats(work: Path, rounds: int) -> list[dict[str, Any]]:
    """Compare formats."""
    part = max((work / "skim/events").iterdir(), key=lambda path: path.stat().st_size)
    with pa.memory_map(str(part)) as source:
        batch = pa.ipc.open_file(source).get_batch(0)
        found = measure_formats(batch, work, rounds)
        n = batch.num_rows
    print(f"\n| {n:,} events that were kept | bytes an event | written, ns an event | loaded, ns |")
    print("|---|---:|---:|---:|")
    for each in found:
        ns = [f"{1e9 * seconds / n:,.0f}" for seconds in (each.write_s, each.load_s)]
        note = ", in place" if each.in_place else ""
        print(f"| {each.name}{note} | {each.bytes / n:,.0f} | {ns[0]} | {ns[1]} |")
    return [each._asdict() for each in found]


def cuts(work: Path, millions: int, rounds: int) -> dict[str, Any]:
    """Measure so many crossings again and again."""
    whole = load_skim(work / "skim").totals
    times = -(-millions * 1_000_000 // whole["crossings"])
    out = repeat(work / "skim", work / f"times-{times}", times)
    loading = timed(lambda: dtperf.Analysis(out), 1, warm=False)
    analysis = dtperf.Analysis(out)
    chosen = (None, FEW) if millions < 100 else (FEW,)  # all take more memory than a laptop has
    begin = timed(lambda a=analysis: a.with_cuts(measurements=chosen[0]), 1, warm=False)
    events, crossings = whole["events"] * times, whole["crossings"] * times
    print(
        f"\n{crossings:,} crossings of {events:,} events on {threads()} threads; loaded in "
        f"{loading.wall:.1f} s, first cuts in {begin.wall:.1f} s\n\n"
        "| new cuts | measurements | seconds | events/s of a core | crossings/s of a core |\n"
        "|---|---:|---:|---:|---:|"
    )
    found: dict[str, Any] = {"crossings": crossings, "events": events, "loading": loading}
    for names in chosen:
        for kind, values in CUTS.items():
            turns = iter(values)
            took = timed(
                lambda t=turns, n=names, a=analysis: a.with_cuts(next(t), measurements=n), rounds
            )
            found[f"{kind}, {'all' if names is None else len(names)}"] = took
            number = f"all {len(STANDARD)}" if names is None else len(names)
            print(
                f"| {kind} | {number} | {took.wall:.2f} "
                f"| {events / took.cpu:,.0f} | {crossings / took.cpu:,.0f} |"
            )
    most = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found |= {"found": analysis.nbytes_found / events, "file": analysis.nbytes / events}
    print(
        f"\nBytes an event: {found['found']:.0f} in memory, {found['file']:.0f} in the file, which "
        f"need not be; at most {most / 1e9:.1f} GB for all"
    )
    del analysis
    shutil.rmtree(out)
    return found | {"most_bytes": most}


def repeat(source: Path, out: Path, times: int) -> Path:
    """Make a skim of the same events as if they were of other files."""
    whole = Result.load(source)
    for folder in ("events", "blocks"):
        (out / folder).mkdir(parents=True)
    rows = []
    for number in range(times):
        for row in whole.ledger:
            uuid = str(uuid5(UUID(row.uuid), str(number)))
            rows.append(row._replace(uuid=uuid, file=f"{row.file}-{number}"))
            for folder in ("events", "blocks"):
                names = (f"{each}-{row.start}-{row.stop}{SUFFIX}" for each in (row.uuid, uuid))
                before, after = names
                shutil.copyfile(source / folder / before, out / folder / after)
    result = replace(
        whole,
        counts={name: counts * times for name, counts in whole.counts.items()},
        totals={name: total * times for name, total in whole.totals.items()},
        ledger=Ledger(rows),
        event_sample=EventSample(),
    )
    result.save(out)
    finish(out, result)
    return out


if __name__ == "__main__":
    main()
