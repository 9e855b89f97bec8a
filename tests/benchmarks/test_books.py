"""The load test of the books: right after kills, and able to see that they are wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

import dtperf
from benchmarks.books.audit import Faults, Truth, audit
from benchmarks.books.breaking import Way
from benchmarks.books.files import Made, Maker
from benchmarks.books.servers import Addresses
from benchmarks.books.templates import templates
from dtperf.nanoaod import ColumnFilter
from dtperf.results.ledger import Ledger, LedgerRow
from dtperf.results.result import Result
from dtperf.selection.branches import needed_branches

FILES = 6


class Sample(NamedTuple):
    """A run over a few files, the first of which is gone."""

    files: list[Made]
    result: Result
    truth: Truth

    def audit(self, result: Result) -> Faults:
        return audit(result, self.files, self.truth, is_known=True)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    config = dtperf.load_config("reference_2023", ["run.on_error=skip", "run.chunksize=40"])
    sources, folder = (tmp_path_factory.mktemp(name) for name in ("templates", "files"))
    made_of = templates(4, ColumnFilter.of(needed_branches("isolated")), sources, Random(1))
    files = Maker(made_of, {}, Addresses({"http": 0}), Random(1)).make(folder, FILES, 0)
    Path(files[0].path).unlink()
    files[0] = files[0]._replace(way=Way("deleted", "missing", "missing"))
    result = dtperf.run(config, [file.as_known() for file in files])
    return Sample(files, result, Truth(config, made_of, sources))


def test_right_books(sample: Sample) -> None:
    faults = sample.audit(sample.result)
    assert faults.is_none, faults.told
    assert sample.result.ledger.events("read") == sum(file.events for file in sample.files[1:])


def test_no_event_is_there_twice(sample: Sample) -> None:
    identities = set[tuple[int, ...]]()
    for file in sample.files[1:]:
        with dtperf.nanoaod.open_tree(file.path) as tree:
            columns = tree.arrays(["run", "luminosityBlock", "event"], library="np")
            assert tree.file.uuid == file.uuid
        identities.update(zip(*(columns[name].tolist() for name in columns), strict=True))
    assert len(identities) == sum(file.events for file in sample.files[1:])


def tampered(result: Result, change: Callable[[LedgerRow], list[LedgerRow]]) -> Result:
    """Change the last row of those that were read."""
    *others, last = sorted(result.ledger, key=lambda row: (row.status == "read", row))
    return replace(result, ledger=Ledger([*others, *change(last)]))


def test_a_lost_chunk(sample: Sample) -> None:
    lost = max(row for row in sample.result.ledger if row.status == "read").events
    faults = sample.audit(tampered(sample.result, lambda _: []))
    # in the sums they still are
    assert faults[:3] == (lost, lost, 0)
    assert faults.wrong_bins > 0


def test_a_doubled_chunk(sample: Sample) -> None:
    twice = max(row for row in sample.result.ledger if row.status == "read").events
    faults = sample.audit(tampered(sample.result, lambda row: [row, row]))
    # in the sums they are once
    assert faults[:3] == (twice, twice, 0)


def test_a_chunk_that_was_skipped_without_need(sample: Sample) -> None:
    def skip(row: LedgerRow) -> list[LedgerRow]:
        return [row._replace(status="skipped", cause="corrupt")]

    faults = sample.audit(tampered(sample.result, skip))
    assert faults.lost > 0
    assert faults.wrong_causes == 1


def test_a_wrong_cause(sample: Sample) -> None:
    rows = [
        row._replace(cause="refused") if row.status == "skipped" else row
        for row in sample.result.ledger
    ]
    assert sample.audit(replace(sample.result, ledger=Ledger(rows)))[:4] == (0, 0, 1, 0)


def test_wrong_sums(sample: Sample) -> None:
    counts = {name: its.copy() for name, its in sample.result.counts.items()}
    next(iter(counts.values())).view(flow=True).flat[0] += 1
    faults = sample.audit(replace(sample.result, counts=counts))
    assert faults[:4] == (0, 0, 0, 1)
    totals = {**sample.result.totals, "events": sample.result.totals["events"] - 7}
    assert sample.audit(replace(sample.result, totals=totals))[:4] == (7, 0, 0, 1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_nothing_is_lost_doubled_or_blamed_wrongly_while_workers_are_killed() -> None:
    options = ("--files", "300", "--minutes", "0.5", "--every", "5", "--command", "10")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.books", *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    right = "Events lost: 0. Events doubled: 0. Wrong causes: 0. Wrong bins: 0."
    assert (done.returncode, right in done.stdout) == (0, True), done.stdout + done.stderr
    killed = re.search(r"(\d+) workers and (\d+) commands were killed", done.stdout)
    assert killed is not None
    # the command is killed, too, where the machine leaves it time to begin
    assert int(killed[1]) > 0, done.stdout
