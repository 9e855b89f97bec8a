"""Write events as CMS does: ``with open_writer(path, table, settings, …) as write: …``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from dtperf.files import TEMPORARY, replacing
from dtperf.nanoaod.branches import Branch
from dtperf.nanoaod.marks import SYNTHETIC
from dtperf.synthetic.rows import EventRows
from dtperf.synthetic.settings import Settings
from dtperf.typing import I64

__all__ = ["UNFINISHED", "open_writer"]

UNFINISHED = TEMPORARY.format(name="nano_*", random="*")
"""Glob of the names that files have until they are complete."""

ALGORITHMS = {"zstd": uproot.ZSTD, "lzma": uproot.LZMA, "lz4": uproot.LZ4}

Table = Mapping[str, Branch]


@contextmanager
def open_writer(
    path: Path,
    table: Table,
    settings: Settings,
    *,
    baskets: int,
    tree: str = "Events",
    finish: Callable[[Path], None] = lambda _: None,
) -> Iterator[Callable[[EventRows], None]]:
    """Write a file that gets its name when it is complete.

    Args:
        path: The file.
        table: Branches to write; an entry that the rows lack is left empty.
        settings: Format and compression.
        baskets: How many baskets each branch will have: writing more is slow.
        tree: Name of the tree.
        finish: Called with the complete file before it gets its name.

    Yields:
        What writes rows as one basket of each branch.
    """
    compression = ALGORITHMS[settings.compression](settings.level)
    write_to = _ttree if settings.format == "ttree" else _rntuple
    with replacing(path) as unfinished:
        with uproot.recreate(unfinished, compression=compression) as file:
            # run numbers are those of data: this tells that the events are not
            file[SYNTHETIC] = f"events made by dtperf.synthetic, seed {settings.seed}"
            yield write_to(file, tree, table, baskets)
        finish(unfinished)


def _ttree(file: Any, name: str, table: Table, baskets: int) -> Callable[[EventRows], None]:
    """Make a TTree in which the branches of a collection share its counter, as in CMSSW."""
    groups: dict[str, list[Branch]] = {}
    for branch in table.values():
        if branch.counter:
            groups.setdefault(branch.collection, []).append(branch)
    types: dict[str, Any] = {b.name: np.dtype(b.dtype) for b in table.values() if not b.collection}
    for group, branches in groups.items():
        fields = [_field(branch) for branch in branches]
        contents = [ak.types.NumpyType(branch.dtype) for branch in branches]
        types[group] = ak.types.ListType(ak.types.RecordType(contents, fields))
    tree = file.mktree(
        name,
        types,
        counter_name=lambda group: f"n{group}",
        field_name=lambda group, field: f"{group}_{field}",
        # with fewer, uproot writes the description of all branches anew
        initial_basket_capacity=baskets + 2,
    )

    def write(rows: EventRows) -> None:
        columns = _columns(rows, table)
        content = {branch: columns[branch] for branch in types if branch not in groups}
        for group, branches in groups.items():
            content[f"n{group}"] = columns[f"n{group}"]
            # not a record array, which uproot would take apart again, and slowly
            content[group] = {_field(branch): columns[branch.name] for branch in branches}
        tree.extend(content)

    return write


def _rntuple(file: Any, name: str, table: Table, _: int) -> Callable[[EventRows], None]:
    types = {}
    for branch in table.values():
        number = ak.types.NumpyType(branch.dtype)
        types[branch.name] = ak.types.ListType(number) if branch.counter else number
    ntuple = file.mkrntuple(name, types)
    return lambda rows: ntuple.extend(_columns(rows, table))


def _field(branch: Branch) -> str:
    return branch.name.removeprefix(f"{branch.collection}_")


def _columns(rows: EventRows, table: Table) -> dict[str, Any]:
    none = np.zeros(rows.events + 1, dtype=np.int64)
    columns = {}
    for branch in table.values():
        offsets = rows.offsets.get(branch.collection, none)
        if branch.is_counter:
            columns[branch.name] = np.diff(offsets).astype(branch.dtype)
        elif branch.counter:
            columns[branch.name] = _lists(branch, offsets, rows)
        else:
            columns[branch.name] = rows.values[branch.name].astype(branch.dtype)
    return columns


def _lists(branch: Branch, offsets: I64, rows: EventRows) -> ak.Array:
    if branch.collection in rows.offsets:
        content = rows.values[branch.name].astype(branch.dtype, copy=False)
    else:
        content = np.empty(0, dtype=branch.dtype)
    layout = ak.contents.ListOffsetArray(ak.index.Index64(offsets), ak.contents.NumpyArray(content))
    return ak.Array(layout)
