"""What is wrong with the books of a run, by the truth that its files were made with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, NamedTuple, Self

import hist
import numpy as np
import numpy.typing as npt

import dtperf
from benchmarks.books.files import Made
from benchmarks.books.templates import Template
from dtperf.config import AnalysisConfig
from dtperf.filesets import InputFile
from dtperf.results.ledger import LedgerRow
from dtperf.results.result import SUMS, Result

__all__ = ["Faults", "Truth", "audit"]

Place = tuple[str | int, ...]
"""Of a number in a result: histogram and bins, or total or anomaly."""
Sums = Mapping[Place, int]
EVENTS: Place = ("totals and anomalies", "events")


class Faults(NamedTuple):
    """Of the books of one run, or of several."""

    lost: int = 0
    """Events that can be read, and were not, or do not stand in the sums."""
    doubled: int = 0
    """Events that were read twice, or stand in the sums twice."""
    wrong_causes: int = 0
    """Files that were skipped for another cause than theirs, or not at all, or without need."""
    wrong_bins: int = 0
    """Bins of histograms, totals and anomalies that are not as without any kill."""
    told: tuple[str, ...] = ()
    """The first of them, in words."""

    def __add__(self, other: Self) -> Self:  # type: ignore[override]
        """Return those of two runs together."""
        return type(self)(*(mine + its for mine, its in zip(self, other, strict=True)))

    @property
    def is_none(self) -> bool:
        """Whether the books are right."""
        return not any(self[:4])


class Truth:
    """What each range of events of each template gives, measured by itself in this process."""

    def __init__(self, config: AnalysisConfig, templates: Sequence[Template], folder: Path) -> None:
        """Take templates.

        Args:
            config: The analysis.
            templates: Of the files.
            folder: Where they are, as 0.root and so on.
        """
        self._config = config
        self._files = [
            InputFile(str(folder / f"{n}.root"), "Events", uuid=t.uuid, entries=t.events)
            for n, t in enumerate(templates)
        ]
        self._measured: dict[tuple[int, int, int], Sums] = {}

    def of(self, template: int, start: int, stop: int) -> Sums:
        """Return what some events give."""
        key = (template, start, stop)
        if key not in self._measured:
            file = self._files[template].only([(start, stop)])
            self._measured[key] = sums_of(dtperf.run(self._config, [file]))
        return self._measured[key]


def sums_of(result: Result) -> Sums:
    """Return what a result has added up."""
    bins = {}
    for name, counts in result.counts.items():
        view = counts.view(flow=True)
        filled = np.nonzero(view)
        labels = map(_labels, counts.axes)
        places = zip(
            *(its[at].tolist() for its, at in zip(labels, filled, strict=True)), strict=True
        )
        bins[name] = dict(zip(places, view[filled].tolist(), strict=True))
    numbers = {name: int(result.totals[name]) for name in SUMS} | {**result.anomalies}
    content = {"totals and anomalies": {(name,): number for name, number in numbers.items()}}
    return {
        (name, *place): number
        for name, of in (content | bins).items()
        for place, number in of.items()
    }


def _labels(axis: Any) -> npt.NDArray[np.int64]:
    """Name the bins of an axis: categories, which come as they are met, by their values."""
    if isinstance(axis, hist.axis.IntCategory):
        return np.array([*axis], dtype=np.int64)
    return np.arange(axis.extent)


def audit(result: Result, files: Sequence[Made], truth: Truth, *, is_known: bool) -> Faults:
    """Compare the books of a run with the truth.

    Args:
        result: Of the run.
        files: What it was to read.
        truth: Of their templates.
        is_known: Whether it had them from a fileset with their sizes.
    """
    rows: dict[str, list[LedgerRow]] = defaultdict(list)
    for row in result.ledger:
        rows[row.file].append(row)
    found = [_audit_file(file, rows.pop(file.path, []), is_known=is_known) for file in files]
    found += [Faults(wrong_causes=1, told=(f"{path}: is none of ours",)) for path in rows]
    found.append(_audit_sums(result, files, truth))
    return reduce(add, (each for each in found if not each.is_none), Faults())


def _audit_file(file: Made, rows: Sequence[LedgerRow], *, is_known: bool) -> Faults:
    cause = file.cause(is_known=is_known)
    skipped = [row for row in rows if row.status == "skipped"]
    times = np.zeros(max([file.events, *(row.stop for row in rows)]), dtype=int)
    for row in rows:
        times[row.start : row.stop] += 1
    # of a file that could not be opened nobody knows how many there are
    counted = times[: file.events if is_known or file.way.opens else 0]
    lost = int(np.sum(counted == 0)) + sum(
        row.events for row in skipped if cause is None or not _may_be_skipped(row, file)
    )
    doubled = int(np.sum(times[times > 1] - 1)) + int(np.sum(times[len(counted) :] > 0))
    causes = {row.cause for row in skipped}
    is_wrong = not rows or causes != ({cause} if cause else set())
    if cause and not is_wrong:
        is_wrong = any(row.status == "read" and _may_be_skipped(row, file) for row in rows)
    told = f"{file.path} ({file.way.name}): {lost} lost, {doubled} doubled, {causes} for {cause}"
    return Faults(lost, doubled, int(is_wrong), 0, (told,))


def _may_be_skipped(row: LedgerRow, file: Made) -> bool:
    if file.damaged is None:
        return True
    start, stop = file.damaged
    return row.start < stop and start < row.stop


def _audit_sums(result: Result, files: Sequence[Made], truth: Truth) -> Faults:
    """Compare the sums with those of what stands as read in the ledger."""
    template = {file.path: file.template for file in files}
    read = Counter(
        (template[row.file], row.start, row.stop)
        for row in result.ledger
        if row.status == "read" and row.events and row.file in template
    )
    expected: Counter[Place] = Counter()
    for what, times in read.items():
        for place, number in truth.of(*what).items():
            expected[place] += times * number
    found = sums_of(result)
    wrong = [p for p in expected | found if expected[p] != found.get(p, 0)]
    more = found[EVENTS] - expected[EVENTS]
    told = [f"{place}: {found.get(place, 0)}, not {expected[place]}" for place in wrong[:5]]
    return Faults(max(-more, 0), max(more, 0), 0, len(wrong), tuple(told))
