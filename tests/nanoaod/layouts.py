"""The golden events in every layout that an RNTuple of muon DPG NANO can have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from dtperf.nanoaod.branches import collection_of, known_collections
from tests.helpers.golden import GOLDEN, GOLDEN_CMSSW, GOLDEN_PROJECTED, GOLDEN_RNTUPLE
from tests.nanoaod.files import read_arrays, write_tree

__all__ = ["LAYOUTS", "WRITTEN", "arrays_with_lumi", "grouped", "layout", "write"]

BY_ROOT = {
    "converted": GOLDEN_RNTUPLE,
    "cmssw": GOLDEN_CMSSW,
    "cmssw, projected": GOLDEN_PROJECTED,
}
WRITTEN = ("lumi as collection", "lumi as record", "flat", "flat with counters")
LAYOUTS = (*BY_ROOT, *WRITTEN)


def arrays_with_lumi(stop: int | None = None) -> dict[str, ak.Array]:
    """The golden columns without counters, and a luminosity that the golden file lacks."""
    arrays = read_arrays(GOLDEN, stop)
    lumi = np.random.default_rng(1).uniform(1, 2, len(arrays["run"]))
    return arrays | {"lumi_instLumi": ak.Array(lumi), "lumi_avgPileUp": ak.Array(30 * lumi)}


def grouped(arrays: Mapping[str, ak.Array], *, lumi: str) -> dict[str, Any]:
    """Make a record of each table; that of `lumi` stands alone, or in a list of length one."""
    content: dict[str, Any] = {}
    tables: dict[str, dict[str, ak.Array]] = {}
    for name, array in arrays.items():
        table = "lumi" if name.startswith("lumi_") else collection_of(name, known_collections())
        if table:
            tables.setdefault(table, {})[name.removeprefix(f"{table}_")] = array
        else:
            content[name] = array
    content |= {name: ak.zip(columns) for name, columns in tables.items()}
    if lumi == "collection" and "lumi" in content:
        content["lumi"] = ak.unflatten(content["lumi"], np.ones(len(content["lumi"]), np.int64))
    return content


def write(path: Path, content: Mapping[str, Any], cluster: int = 1500) -> Path:
    """Write an RNTuple in clusters."""
    with uproot.recreate(path) as file:
        types = {name: ak.type(array).content for name, array in content.items()}
        ntuple = file.mkrntuple("Events", types)
        for start in range(0, len(next(iter(content.values()))), cluster):
            ntuple.extend({n: array[start : start + cluster] for n, array in content.items()})
    return path


def layout(name: str, folder: Path, arrays: Mapping[str, ak.Array]) -> Path:
    """Give a file of a layout: one that ROOT wrote, or one written here of these columns."""
    path = folder / f"{name}.root"
    if name in BY_ROOT:
        return BY_ROOT[name]
    if name == "flat with counters":
        return write_tree(arrays, path, format="rntuple")
    content = dict(arrays) if name == "flat" else grouped(arrays, lumi=name.rpartition(" ")[2])
    return write(path, content)
