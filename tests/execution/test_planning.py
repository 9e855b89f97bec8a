"""How files are cut into chunks."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
import uproot
from hypothesis import given
from hypothesis import strategies as st

from dtperf.execution.chunk_meta import ChunkMeta
from dtperf.execution.planning import ReadRanges, plan
from dtperf.filesets import InputFile
from dtperf.filesets.check import check_files
from dtperf.nanoaod.branches import cluster_of
from dtperf.results.ledger import Ledger
from tests.helpers.golden import GOLDEN
from tests.nanoaod.files import read_arrays, write_like

Chunks = list[tuple[int, int]]


def chunks(ranges: Chunks, chunksize: int, cluster: int | None) -> Chunks:
    last = max(stop for _, stop in ranges)
    file = InputFile("a.root", "Events", "d", UUID(int=1), last, 1, cluster=cluster)
    items = plan(
        [file.only(ranges)], ReadRanges(Ledger([])), chunksize, None, lambda _: ChunkMeta()
    )
    return [(item.entrystart, item.entrystop) for item in items]


ranges = st.lists(st.integers(0, 5000), min_size=2, max_size=8, unique=True).map(
    lambda edges: [*zip(*[iter(sorted(edges))] * 2, strict=False)]
)


@given(ranges, st.integers(1, 700), st.none() | st.integers(1, 900))
def test_each_event_once_in_chunks_that_end_with_clusters(
    ranges: Chunks, chunksize: int, cluster: int | None
) -> None:
    found = chunks(ranges, chunksize, cluster)
    events = [event for start, stop in found for event in range(start, stop)]
    assert events == [event for start, stop in ranges for event in range(start, stop)]
    assert all(0 < stop - start <= chunksize for start, stop in found)
    if cluster and cluster <= chunksize:
        assert all(stop % cluster == 0 or stop in dict(ranges).values() for _, stop in found)


def test_chunks_are_even() -> None:
    assert chunks([(0, 100)], 30, None) == [(0, 25), (25, 50), (50, 75), (75, 100)]
    assert chunks([(0, 100)], 30, 8) == [(0, 16), (16, 40), (40, 56), (56, 80), (80, 100)]


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_the_clusters_of_a_file(format: str, tmp_path: Path) -> None:
    arrays = read_arrays(GOLDEN, 1000)
    path = write_like(arrays, tmp_path / "a.root", format=format, cluster=300)  # type: ignore[arg-type]
    with uproot.open(path) as file:
        assert cluster_of(file["Events"]) == 300
    [checked] = check_files([InputFile(str(path), "Events")]).files
    assert checked.file.cluster == 300


def test_clusters_of_different_sizes(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "a.root") as file:
        tree = file.mktree("Events", {"run": "u4"})
        for events in (30, 20, 30):
            tree.extend({"run": [1] * events})
    with uproot.open(tmp_path / "a.root") as file:
        assert cluster_of(file["Events"]) is None
