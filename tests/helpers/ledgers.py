"""Rows of ledgers, and directories of runs that have them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from hypothesis import strategies as st

from dtperf.results.ledger import Ledger, LedgerRow
from tests.helpers.made_results import made

UUIDS = {"a": "uuid of a", "b": "uuid of b", "copy of b": "uuid of b", "c": "uuid of c"}


def row(file: str, start: int, stop: int, cause: str = "", *, worker: str = "w") -> LedgerRow:
    """A row; skipped if there is a cause."""
    status = "skipped" if cause else "read"
    told = (f"{file}: {cause}" if cause else "", f"root://server//{file}")
    return LedgerRow(
        *(file, UUIDS.get(file, f"uuid of {file}"), start, stop, status, cause, *told),
        *(1, 10 * (stop - start), 0.5, worker),
    )


def unopened(file: str, cause: str, start: int = 0, stop: int = 0) -> LedgerRow:
    return row(file, start, stop, cause)._replace(uuid="")


ranges = st.tuples(st.integers(0, 30), st.integers(0, 10)).map(lambda at: (at[0], sum(at)))


causes = st.sampled_from(["timeout", "corrupt"])


workers = st.sampled_from("wxyz")


# what was never opened is told by its path, so that must be its only one
never = st.builds(
    lambda file, cause, at: unopened(file, cause, *at),
    *(st.sampled_from("ac"), causes, st.just((0, 0)) | ranges),
)


skipped_rows = never | st.builds(
    lambda file, at, cause, worker: row(file, *at, cause, worker=worker),
    *(st.sampled_from([*UUIDS]), ranges, causes, workers),
)


@st.composite
def jobs(draw: st.DrawFn, n: int) -> list[Ledger]:
    """Ledgers of some jobs: each event is read by one of them at most, skipped by any."""
    rows: list[list[LedgerRow]] = [[] for _ in range(n)]
    for uuid in sorted({*UUIDS.values()}):
        files = [file for file in UUIDS if UUIDS[file] == uuid]
        edges = sorted(draw(st.sets(st.integers(0, 40), max_size=6)))
        for start, stop in pairwise(edges):
            job = draw(st.integers(-1, n - 1))
            if job >= 0:
                rows[job].append(row(draw(st.sampled_from(files)), start, stop))
        if not edges and draw(st.booleans()):
            rows[draw(st.integers(0, n - 1))].append(row(files[0], 0, 0))
    return [Ledger([*mine, *draw(st.lists(skipped_rows, max_size=6))]) for mine in rows]


def measured(
    file: str, events: int, seconds: float, server: str, *, attempts: int = 1, start: int = 0
) -> LedgerRow:
    return row(file, start, start + events)._replace(
        bytes=1000 * events,
        seconds=seconds,
        source=f"root://{server}//{file}",
        attempts=attempts,
    )


ROWS = [
    measured("a", 40, 2.0, "fast"),
    measured("a", 20, 4.0, "slow", start=40, attempts=3),
    measured("b", 30, 3.0, "slow")._replace(worker="x"),
    row("c", 0, 5, "timeout")._replace(source="root://slow//c", attempts=4),
    row("c", 5, 15, "corrupt")._replace(source="/data/c"),
    unopened("d", "unreachable")._replace(source="root://slow//d", attempts=4),
]


def plan(out: Path, events: int, files: int) -> None:
    out.mkdir(exist_ok=True)
    (out / "run.json").write_text(json.dumps({"events": events, "files": files, "pid": 1}))


def stopped(out: Path, rows: Iterable[LedgerRow], number: int = 1) -> None:
    made(rows).save(out / "partial" / f"{number:06d}")
