"""Files of a run, of which some were not read."""

from __future__ import annotations

from dtperf.filesets import InputFile
from dtperf.results.ledger import LedgerRow
from tests.filesets.made import file


def row(of: InputFile, start: int, stop: int, cause: str = "") -> LedgerRow:
    status, uuid = "skipped" if cause else "read", str(of.uuid or "")
    return LedgerRow(of.path, uuid, start, stop, status, cause, cause, of.path, 1, 9, 0.5, "w")


FILES = [file(0), file(1), InputFile("/never.root", "Events")]


ROWS = [
    *(row(file(0), 0, 10), row(file(1), 0, 4), row(file(1), 4, 6, "corrupt")),
    row(FILES[2], 0, 0, "unreachable"),
]
