"""Commands that read the golden events, cut into four files, from servers; and what they leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dtperf.results.result import Result
from tests.helpers.runs import N_EVENTS, assert_same
from tests.integration.xrootd_server import Server

__all__ = [
    "IMPATIENT_S",
    "NAMES",
    "N_CHUNKS",
    "PATIENT_S",
    "STARTS",
    "arguments",
    "assert_books",
    "elsewhere",
    "skipped",
]

STARTS = [0, 900, 1700, 3100]
NAMES = [f"{start}.root" for start in STARTS]
CHUNK = 500
N_CHUNKS = 2 + 2 + 3 + 2
PATIENT_S, IMPATIENT_S = 20, 3


def arguments(out: Path, *inputs: str, **run: Any) -> list[str | Path]:
    how = {"chunksize": CHUNK, "timeout_s": PATIENT_S, "backoff_s": 0.1, "on_error": "skip", **run}
    options = [f"--set=run.{key}={value}" for key, value in how.items()]
    return ["run", "reference_2023", *inputs, "-o", out, "--executor", "iterative", *options]


def skipped(result: Result) -> dict[str, str]:
    """Give the causes by the names of the files."""
    rows = [row for row in result.ledger if row.status == "skipped"]
    causes = {row.file.rpartition("/")[2]: row.cause for row in rows}
    assert all(row.cause == causes[row.file.rpartition("/")[2]] for row in rows)
    return causes


def assert_books(result: Result, golden_result: Result) -> None:
    """See that every event is there once, and that those are counted which were read."""
    ledger = result.ledger
    assert ledger.events("read") == result.totals["events"]
    assert ledger.events("read") + ledger.events("skipped") == N_EVENTS
    if not skipped(result):
        assert_same(result, golden_result)


def elsewhere(server: Server) -> str:
    """Name a server that is tried beside the file's own."""
    return f"--set=run.redirectors={{here: ['root://{server.address}/']}}"
