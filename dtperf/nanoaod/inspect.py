"""Summarise the content of a file: ``inspect_file("nano.root").generation``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import uproot

from dtperf.addresses import remember
from dtperf.errors import InputError
from dtperf.nanoaod.branches import branch_table, collection_of, known_collections
from dtperf.nanoaod.columns import column_types
from dtperf.nanoaod.faults import classify, first_line, raise_if_ours
from dtperf.nanoaod.generations import describe, generation_of
from dtperf.nanoaod.marks import Mark, mark_of
from dtperf.nanoaod.open import open_tree, unfinished
from dtperf.nanoaod.rntuple_pages import stored_bytes

__all__ = ["FileSummary", "inspect_file"]


@dataclass(frozen=True)
class FileSummary:
    """The content of a file.

    Attributes:
        path: The file as it was named.
        uuid: The identity that ROOT gave the file when it was written, or the one that
            `dtperf.nanoaod.uuids` derives where ROOT gave none.
        kind: How a tree is stored.
        generation: Generation of muon DPG NANO.
        content: The kind of file in words.
        mark: What the file says of its events, see `dtperf.nanoaod.marks`.
        entries: Number of events.
        runs: Run numbers, ascending; empty if there is no branch ``run``.
        luminosity_blocks: Number of different pairs of run and luminosity block.
        size_bytes: Size of the file.
        compression: Algorithm and level, such as ("ZSTD", 5).
        clusters: Groups of events that are stored, and best read, together.
        unfinished: Words on a file that was never closed, empty if it was.
        columns: All branches by their plain names, in file order.
        collections: Compressed bytes of the branches of each collection, the largest first; those
            that belong to none are under "".
        branch_bytes: Compressed bytes of each branch; what branches of an RNTuple share counts for
            the first of them.
        missing: Known branches of the generation (B if unknown) that the file lacks.
        unknown: Branches of the file that the generation's table does not have.
    """

    path: str
    uuid: str
    kind: Literal["TTree", "RNTuple"]
    generation: Literal["A", "B", "unknown"]
    content: str
    mark: Mark
    entries: int
    runs: tuple[int, ...]
    luminosity_blocks: int
    size_bytes: int
    compression: tuple[str, int]
    clusters: int
    unfinished: str
    columns: tuple[str, ...]
    collections: Mapping[str, int]
    branch_bytes: Mapping[str, int]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def bytes_per_event(self) -> float | None:
        """Size of the file per event, None without events."""
        return self.size_bytes / self.entries if self.entries else None


def inspect_file(path: str, tree: str = "Events") -> FileSummary:
    """Summarise a file.

    Args:
        path: A local path or a URL.
        tree: The name of the tree.

    Returns:
        The summary; of the events, only run and luminosity block are read.

    Raises:
        InputError: The file cannot be opened or read.
    """
    path = remember(str(path))
    with open_tree(path, tree) as events:
        try:
            return _summarise(events, path)
        except Exception as error:
            raise_if_ours(f"{path}: reading it failed", error)
            message = f"{path}: is damaged, reading it failed: {first_line(error)}"
            raise InputError(message, classify(error)) from error


def _summarise(tree: Any, path: str) -> FileSummary:
    columns = tuple(column_types(tree))
    generation = generation_of(tree)
    known = branch_table("B" if generation == "unknown" else generation)
    blocks = _luminosity_blocks(tree, columns)
    is_ttree = isinstance(tree, uproot.TTree)
    sizes = stored_bytes(tree, columns)
    return FileSummary(
        path=path,
        uuid=str(tree.file.uuid),
        kind="TTree" if is_ttree else "RNTuple",
        generation=generation,
        content=describe(tree),
        mark=mark_of(tree.file.root_directory, tree),
        entries=int(tree.num_entries),
        runs=tuple(sorted({run for run, _ in blocks})),
        luminosity_blocks=len(blocks),
        size_bytes=int(tree.file.source.num_bytes),
        compression=_compression(tree, is_ttree),
        clusters=len(tree.common_entry_offsets()) - 1 if is_ttree else len(tree.cluster_summaries),
        unfinished=unfinished(tree.file),
        columns=columns,
        collections=_collections(sizes),
        branch_bytes=sizes,
        missing=tuple(name for name in known if name not in columns),
        unknown=tuple(name for name in columns if name not in known),
    )


def _collections(branch_bytes: Mapping[str, int]) -> dict[str, int]:
    sizes: Counter[str] = Counter()
    for name, size in branch_bytes.items():
        sizes[collection_of(name, known_collections())] += size
    return dict(sizes.most_common())


def _luminosity_blocks(tree: Any, columns: tuple[str, ...]) -> set[tuple[int, int]]:
    """Return the different pairs of run and luminosity block (0 where that is not stored)."""
    if "run" not in columns:
        return set()
    run = tree["run"].array(library="np").astype(np.int64)
    block = np.zeros_like(run)
    if "luminosityBlock" in columns:
        block = tree["luminosityBlock"].array(library="np").astype(np.int64)
    pairs = np.unique(np.stack([run, block], axis=1), axis=0)
    return {(int(r), int(b)) for r, b in pairs}


def _compression(tree: Any, is_ttree: bool) -> tuple[str, int]:
    """Return algorithm and level: of the tree's pages if they say so, else of the file."""
    code = 0
    if is_ttree:
        code = max((branch.member("fCompress") for branch in tree.branches), default=0)
    elif tree.page_link_list:
        code = max(column.compression_settings or 0 for column in tree.page_link_list[0])
    found = uproot.compression.Compression.from_code(code) if code > 0 else tree.file.compression
    return ("none", 0) if found is None else (found.name, int(found.level))
