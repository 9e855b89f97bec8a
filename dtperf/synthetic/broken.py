"""Write files with the faults that occur in practice, for tests and drills."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import uproot

from dtperf.nanoaod.branches import Branch
from dtperf.synthetic.rows import EventRows
from dtperf.synthetic.settings import Fault

__all__ = ["BREAKAGES", "INTACT", "Breakage"]

Table = Mapping[str, Branch]

MISSING_BRANCH = "dtSegment_seg4D_posLoc_x"
GARBLED_BRANCH = "muon_isTight"
"""Needed by every analysis, and of few values, so that even a small basket is compressed."""
MISTYPED_BRANCH = "dtSegment_station"
HEADER_BYTES = 100
BEYOND = 10_000
ERROR_PAGE = b"""<!DOCTYPE html>
<html><head><title>503 Service Unavailable</title></head>
<body><h1>Service Unavailable</h1><p>The storage element is down for maintenance.</p></body></html>
"""


def _same_table(table: Table) -> Table:
    return table


def _same_rows(rows: EventRows) -> Iterator[EventRows]:
    yield rows


class Breakage(NamedTuple):
    """The changes that break a file."""

    tree: str = "Events"
    table: Callable[[Table], Table] = _same_table
    """Returns the branches to write, from those that there should be."""
    rows: Callable[[EventRows], Iterator[EventRows]] = _same_rows
    """Yields the rows to write of each basket."""
    damage: Callable[[Path], None] = lambda _: None
    """Damages the complete file."""


INTACT = Breakage()


def _without_branch(table: Table) -> Table:
    return {name: branch for name, branch in table.items() if name != MISSING_BRANCH}


def _mistyped(table: Table) -> Table:
    branch = table[MISTYPED_BRANCH]._replace(dtype="float32")
    return {**table, MISTYPED_BRANCH: branch}


def _no_rows(_: EventRows) -> Iterator[EventRows]:
    return iter(())


def _ranges_beyond(rows: EventRows) -> Iterator[EventRows]:
    """Move the end of the matches of each tenth muon outside of its event."""
    end = rows.values["muon_matches_end"].copy()
    end[::10] += np.uint32(BEYOND)
    yield rows._replace(values={**rows.values, "muon_matches_end": end})


def _cut_to(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)


def _truncate(path: Path) -> None:
    _cut_to(path, path.stat().st_size * 3 // 5)


def _replace_by_page(path: Path) -> None:
    path.write_bytes(ERROR_PAGE)


def _garble(path: Path) -> None:
    """Put zeros into the middle of the first basket or page of a branch."""
    start, size = _stored_at(path)
    with path.open("r+b") as file:
        file.seek(start + size // 4)
        file.write(bytes(size // 2))


def _stored_at(path: Path) -> tuple[int, int]:
    """Find place and size of the compressed data of a branch, in bytes."""
    with uproot.open({str(path): "Events"}) as tree:
        if isinstance(tree, uproot.TTree):
            branch = tree[GARBLED_BRANCH]
            key = branch.basket_key(0)
            return int(branch.member("fBasketSeek")[0]) + key.fKeylen, key.fNbytes - key.fKeylen
        field = tree[GARBLED_BRANCH].field_id
        column = next(c.idx for c in tree.column_records if c.field_id == field)
        page = tree.page_link_list[0][column].pages[0].locator
        return int(page.offset), int(page.num_bytes)


BREAKAGES: Mapping[Fault, Breakage] = {
    "truncated": Breakage(damage=_truncate),
    "header-only": Breakage(damage=lambda path: _cut_to(path, HEADER_BYTES)),
    "empty": Breakage(damage=lambda path: _cut_to(path, 0)),
    "not-root": Breakage(damage=_replace_by_page),
    "wrong-tree": Breakage(tree="Runs"),
    "no-events": Breakage(rows=_no_rows),
    "missing-branch": Breakage(table=_without_branch),
    "wrong-type": Breakage(table=_mistyped),
    "garbled-basket": Breakage(damage=_garble),
    "bad-range": Breakage(rows=_ranges_beyond),
}
