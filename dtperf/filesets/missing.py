"""Return what a run has not read, as a fileset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from dtperf.errors import InputError
from dtperf.filesets.model import Files, InputFile, Range, without

if TYPE_CHECKING:
    from dtperf.results.ledger import LedgerRow
    from dtperf.results.result import Result

__all__ = ["missing", "skipped_files"]


def missing(files: Iterable[InputFile], ledger: Iterable[LedgerRow]) -> Files:
    """Return the files, or parts of them, that a run has not read.

    Args:
        files: All files of the run.
        ledger: Its ledger.

    Returns:
        Of each file the events that were not read, however often they were tried; a file that was
        never opened as it was given. Files of which all was read are not there.
    """
    done: dict[str, list[Range]] = defaultdict(list)
    for row in ledger:
        if row.status == "read":
            done[row.uuid].append((row.start, row.stop))
            done[row.file].append((row.start, row.stop))
    left = Files()
    for file in files:
        ranges_read = done.get(file.path if file.uuid is None else str(file.uuid), ())
        if not file.is_counted:
            if ranges_read:
                raise InputError(
                    f"{file.path}: was read in part, but the fileset does not know of how many "
                    "events: finish the run with resume=True"
                )
            left.append(file)
        elif rest := without(file.to_read, ranges_read):
            left.append(file.only(rest) if ranges_read else file)
    return left


def skipped_files(result: Result) -> Files:
    """Return the files that a ledger has as skipped; for a sum of results, which has no fileset.

    Args:
        result: Of one run or of several.
    """
    rows: dict[str, list[LedgerRow]] = defaultdict(list)
    for row in result.ledger:
        if row.status == "skipped":
            rows[row.identity].append(row)
    files = Files()
    for same in rows.values():
        first, *others = dict.fromkeys(row.file for row in same)
        uuid = UUID(same[0].uuid) if same[0].uuid else None
        file = InputFile(first, result.config.input.tree, uuid=uuid, replicas=tuple(others))
        ranges = [(row.start, row.stop) for row in same if row.events]
        files.append(file.only(ranges) if ranges else file)
    return files
