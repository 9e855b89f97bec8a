"""Files for tests: the same content as generation A or B, as TTree or RNTuple."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import awkward as ak
import numpy as np
import uproot

from dtperf.nanoaod.branches import Generation, branch_table, collection_of, known_collections
from dtperf.nanoaod.columns import ColumnFilter, column_types

__all__ = [
    "CODECS",
    "GOLDEN",
    "Format",
    "linked_arrays",
    "read_arrays",
    "without_uuid",
    "write_like",
    "write_tree",
]

Format = Literal["ttree", "rntuple"]

_DATA = Path(__file__).parents[1] / "data"
GOLDEN: dict[str, Path] = {
    "ttree": _DATA / "golden_input.root",
    "rntuple": _DATA / "golden_input_rntuple.root",
}
CODECS = {
    "zstd": uproot.ZSTD(3),
    "lz4": uproot.LZ4(4),
    "zlib": uproot.ZLIB(3),
    "lzma": uproot.LZMA(3),
    "none": None,
}
"""What uproot compresses with, by name."""


def read_arrays(path: str | Path, stop: int | None = None) -> dict[str, ak.Array]:
    """Read all columns of a file, without counters."""
    with uproot.open({str(path): "Events"}) as tree:
        names = [n for n in column_types(tree) if n.removeprefix("n") not in known_collections()]
        selection = "filter_branch" if isinstance(tree, uproot.TTree) else "filter_field"
        return tree.arrays(**{selection: ColumnFilter.of(names)}, entry_stop=stop, how=dict)


def write_like(
    golden_arrays: Mapping[str, Any],
    path: str | Path,
    generation: Generation = "B",
    format: Format = "ttree",
    cluster: int = 1500,
) -> Path:
    """Write the same content as another generation or format.

    Args:
        golden_arrays: Column name to array, as `read_arrays` gives them; columns that no
            generation has are written as they are.
        path: The file to write.
        generation: "A" has int8 for int16, and lacks the columns that came with B.
        format: "ttree" has counters shared by the branches of a collection, like CMSSW.
        cluster: Events per basket or cluster.

    Returns:
        The path.
    """
    table, other = branch_table(generation), branch_table("B")
    kept = {n: ak.Array(a) for n, a in golden_arrays.items() if n in table or n not in other}
    cast = {n: _cast(a, table[n].dtype) if n in table else a for n, a in kept.items()}
    return write_tree(cast, path, format=format, cluster=cluster)


def write_tree(
    arrays: Mapping[str, Any],
    path: str | Path,
    format: Format = "ttree",
    tree: str = "Events",
    cluster: int = 1500,
    collections: frozenset[str] = frozenset(),
) -> Path:
    """Write columns as they are, with the counters of their collections."""
    known = known_collections() | collections
    scalars = {n: a for n, a in arrays.items() if a.ndim == 1}
    groups: dict[str, dict[str, ak.Array]] = {}
    for name, array in arrays.items():
        if array.ndim > 1:
            group = collection_of(name, known)
            groups.setdefault(group, {})[name.removeprefix(f"{group}_")] = array
    write = _write_ttree if format == "ttree" else _write_rntuple
    with uproot.recreate(path) as file:
        write(file, tree, scalars, groups, cluster)
    return Path(path)


def _write_ttree(
    file: Any, tree: str, scalars: dict[str, Any], groups: dict[str, Any], cluster: int
) -> None:
    content = {**scalars, **{name: ak.zip(columns) for name, columns in groups.items()}}
    types = {name: ak.type(array).content for name, array in content.items()}
    written = file.mktree(
        tree,
        types,
        counter_name=lambda counted: f"n{counted}",
        field_name=lambda outer, inner: f"{outer}_{inner}",
    )
    _extend(written, content, cluster)


def _write_rntuple(
    file: Any, tree: str, scalars: dict[str, Any], groups: dict[str, Any], cluster: int
) -> None:
    content = dict(scalars)
    for group, columns in groups.items():
        first = next(iter(columns.values()))
        content[f"n{group}"] = ak.values_astype(ak.num(first, axis=1), np.int32)
        content.update({f"{group}_{name}": array for name, array in columns.items()})
    _extend(
        file.mkrntuple(tree, {n: ak.type(a).content for n, a in content.items()}), content, cluster
    )


def _extend(written: Any, content: dict[str, Any], cluster: int) -> None:
    entries = len(next(iter(content.values())))
    for start in range(0, entries, cluster):
        written.extend({name: array[start : start + cluster] for name, array in content.items()})


def _cast(array: ak.Array, dtype: str) -> ak.Array:
    """Change the number type, and refuse to change a number."""
    cast = ak.values_astype(array, dtype)
    assert ak.all(cast == array, axis=None)
    return cast


def without_uuid(path: Path) -> Path:
    """Set the UUID of a file to zeros, as ROOT's own RNTuple writer leaves it."""
    with uproot.open(path) as file:
        uuid = file.file.uuid.bytes
    content = path.read_bytes()
    assert uuid in content[:100]
    path.write_bytes(content.replace(uuid, bytes(len(uuid))))
    return path


def linked_arrays(events: int = 40, seed: int = 1) -> dict[str, ak.Array]:
    """Make small generation-B content in which every begin/end range is used and sound.

    Ranges are contiguous, in file order, and empty for some objects; some events have no
    muon, and some no segment.
    """
    rng = np.random.default_rng(seed)
    muons = rng.integers(0, 4, events)
    segments = rng.integers(0, 6, events)
    return {
        "run": ak.Array(np.full(events, 367000, np.uint32)),
        "luminosityBlock": ak.Array((np.arange(events) // 8 + 1).astype(np.uint32)),
        "event": ak.Array(np.arange(events, dtype=np.uint64)),
        "lumi_instLumi": ak.Array(rng.uniform(1, 2, events)),
        **_columns(rng, muons, "muon", ["pt", "eta", "phi", "mass"]),
        "muon_charge": _integers(rng, muons, 2, np.int32) * 2 - 1,
        **_columns(rng, segments, "dtSegment", ["seg4D_posLoc_x"]),
        "dtSegment_station": _integers(rng, segments, 4, np.int16) + np.int16(1),
        **_ranges(rng, muons, "muon_matches", "muon_matches", ["x", "edgeX"]),
        **_ranges(rng, segments, "dtSegment_seg2D_hits", "dtSegment_hits", ["pos"]),
        **_ranges(rng, segments, "dtSegment_seg4D_extr", "dtSegment_extr", ["ExpPos"]),
        **_sta_matches(rng, muons, segments),
    }


def _integers(rng: Any, counts: Any, high: int, dtype: Any) -> ak.Array:
    return ak.unflatten(rng.integers(0, high, counts.sum()).astype(dtype), counts)


def _columns(rng: Any, counts: Any, collection: str, names: list[str]) -> dict[str, ak.Array]:
    return {
        f"{collection}_{name}": ak.unflatten(
            rng.uniform(0.1, 9, counts.sum()).astype(np.float32), counts
        )
        for name in names
    }


def _ranges(
    rng: Any, parents: Any, stem: str, target: str, names: list[str]
) -> dict[str, ak.Array]:
    """Make begin and end per parent, and the columns of what they range over."""
    sizes = ak.unflatten(rng.integers(0, 4, parents.sum()), parents)
    ends = ak.Array([np.cumsum(row) for row in sizes.to_list()])
    ends = ak.values_astype(ends, np.uint32)
    counts = ak.to_numpy(ak.sum(sizes, axis=1))
    begins = ak.values_astype(ends - sizes, np.uint32)
    columns = _columns(rng, counts, target, names)
    return {f"{stem}_begin": begins, f"{stem}_end": ends, **columns}


def _sta_matches(rng: Any, muons: Any, segments: Any) -> dict[str, ak.Array]:
    ranges = _ranges(rng, muons, "muon_staMatches", "muon_staMatches", ["unused"])
    counts = ak.to_numpy(ak.num(ranges.pop("muon_staMatches_unused"), axis=1))
    index = [rng.integers(0, max(s, 1), n) for n, s in zip(counts, segments, strict=True)]
    flat = np.concatenate(index).astype(np.uint32)
    return {**ranges, "muon_staMatches_MuSegIdx": ak.unflatten(flat, counts)}
