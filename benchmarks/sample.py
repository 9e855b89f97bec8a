"""The golden events, repeated: data like that of the reference's speed test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import awkward as ak
import numpy as np
import uproot

from dtperf.nanoaod import collection_of
from dtperf.nanoaod.branches import known_collections

__all__ = ["COLLECTIONS", "GOLDEN", "TREE", "Form", "columns", "new_tree", "repeat"]

Form = Literal["ttree", "rntuple"]

GOLDEN = Path(__file__).parents[1] / "tests/data/golden_input.root"
TREE = "Events"
_ZSTD = uproot.ZSTD(5)
COLLECTIONS = ("muon_matches", "muon", "dtSegment")


def repeat(
    golden: Path,
    path: Path,
    events: int,
    cluster: int = 8000,
    compression: Any = _ZSTD,
    form: Form = "ttree",
    number: int = 0,
    only: Any = slice(None),
) -> Path:
    """Write the golden events again and again, each time with other event numbers.

    Args:
        golden: The golden file, or another small one.
        path: File to write.
        events: At least so many.
        cluster: Events in each basket or page.
        compression: Of uproot.
        form: A TTree as CMSSW writes it, or an RNTuple: one collection a table, no counters.
        number: Of the file: those of different numbers have no event number in common.
        only: Which of the events are taken.

    Returns:
        The path.
    """
    content = {name: values[only] for name, values in columns(golden).items()}
    copies = -(-cluster // len(content["run"]))
    block = {name: ak.concatenate([values] * copies) for name, values in content.items()}
    with uproot.recreate(path, compression=compression) as file:
        tree, n = new_tree(file, block, form), len(block["run"])
        for begin in range(number << 40, (number << 40) + events, n):
            tree.extend(block | {"event": np.arange(begin, begin + n, dtype=np.uint64)})
    return path


def columns(path: Path) -> dict[str, ak.Array]:
    """Return the columns of a file, those of a collection as records, without their counters.

    Args:
        path: Of a TTree of muon DPG NANO.
    """
    with uproot.open(path) as file:
        arrays = file["Events"].arrays(how=dict)
    present = sorted(name for name in known_collections() if f"n{name}" in arrays)
    counters = {f"n{name}" for name in present}
    content = {n: v for n, v in arrays.items() if not collection_of(n, present)}
    for collection in present:
        content[collection] = ak.zip(
            {
                name.removeprefix(f"{collection}_"): values
                for name, values in arrays.items()
                if collection_of(name, present) == collection and name not in counters
            }
        )
    return content


def new_tree(file: Any, content: Mapping[str, ak.Array], form: Form = "ttree") -> Any:
    """Begin a tree in an open file of uproot.

    Args:
        file: Where it is to be written.
        content: Columns like those that will be, as `columns` returns them.
        form: A TTree as CMSSW writes it, or an RNTuple: one collection a table, no counters.

    Returns:
        The tree, to be extended.
    """
    types = {name: ak.type(values).content for name, values in content.items()}
    if form == "rntuple":
        return file.mkrntuple(TREE, types)
    return file.mktree(
        TREE,
        types,
        counter_name=lambda counted: f"n{counted}",
        field_name=lambda outer, inner: f"{outer}_{inner}",
    )
