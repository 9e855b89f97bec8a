"""A chunk from a server is read in parts: the next one is on its way while one is measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from coffea.processor.executor import WorkItem

import dtperf
from dtperf.errors import InputError
from dtperf.execution import chunks
from dtperf.execution.chunk_meta import ChunkMeta
from dtperf.execution.chunks import ChunkRunner
from dtperf.nanoaod import ColumnFilter, open_files
from dtperf.nanoaod.bulk import BulkReader
from processors.segment_efficiency import SegmentEfficiency
from tests.helpers.golden import GOLDEN, GOLDEN_RNTUPLE

EVENTS, CLUSTER = 4000, 1500
"""Of the golden file."""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(chunks, "SMALLEST_PART", 500)
    open_files.close_all()
    yield
    open_files.close_all()


def measure(path: str, processor: Any, cluster: int | None = None) -> dict[str, Any]:
    columns = ColumnFilter.of(processor.columns)
    with uproot.open({path: None}) as file:
        uuid = file.file.uuid.bytes
    usermeta = ChunkMeta(cluster=cluster)
    item = WorkItem("d", path, "Events", 0, EVENTS, uuid, usermeta=usermeta, preload=columns)
    return ChunkRunner._work_function(item, processor_instance=processor)


@pytest.fixture
def processor() -> SegmentEfficiency:
    return SegmentEfficiency(dtperf.load_config("reference_2023"))


def url(path: Path) -> str:
    """Read through fsspec, as from a server."""
    return f"file://{path}"


@pytest.mark.parametrize("path", [GOLDEN, GOLDEN_RNTUPLE])
@pytest.mark.parametrize("cluster", [None, CLUSTER, 700])
def test_the_same_is_measured(path: Path, cluster: int | None, processor: Any) -> None:
    whole, parts = measure(str(path), processor), measure(url(path), processor, cluster)
    assert parts["out"].keys() == whole["out"].keys()
    assert parts["out"]["totals"] == whole["out"]["totals"]
    assert parts["out"]["anomalies"] == whole["out"]["anomalies"]
    assert parts["out"]["histograms"] == whole["out"]["histograms"]


def test_the_next_part_is_asked_for_before_one_is_measured(
    processor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, int]] = []
    prefetch, process = BulkReader.prefetch, SegmentEfficiency.process

    def prefetched(reader: BulkReader, start: int, stop: int) -> None:
        done.append(("prefetched", start))
        prefetch(reader, start, stop)

    def measured(self: SegmentEfficiency, events: Any) -> Any:
        done.append(("measured", events.metadata["entrystart"]))
        return process(self, events)

    monkeypatch.setattr(BulkReader, "prefetch", prefetched)
    monkeypatch.setattr(SegmentEfficiency, "process", measured)
    measure(url(GOLDEN), processor, CLUSTER)
    first, second, third = (0, 1500, 3000)
    assert done == [
        ("prefetched", first),
        ("prefetched", second),
        ("measured", first),
        ("prefetched", third),
        ("measured", second),
        ("measured", third),
    ]
    done.clear()
    measure(str(GOLDEN), processor, CLUSTER)
    assert done == [("prefetched", 0), ("measured", 0)]


def test_each_byte_is_asked_for_once(processor: Any) -> None:
    whole, parts = measure(str(GOLDEN), processor), measure(url(GOLDEN), processor, CLUSTER)
    header = parts["bytes"] - whole["bytes"]  # to see that the file is still the same
    assert 0 <= header < 100


def test_a_part_that_cannot_be_read_is_named(processor: Any, tmp_path: Path) -> None:
    content = bytearray(GOLDEN.read_bytes())
    with uproot.open(GOLDEN) as file:
        branch = file["Events/muon_pt"]
        number = int(np.searchsorted(branch.entry_offsets, 2100, side="right")) - 1
        place = int(branch.member("fBasketSeek")[number])
    content[place : place + 40] = b"x" * 40
    damaged = tmp_path / "damaged.root"
    damaged.write_bytes(content)
    with pytest.raises(
        InputError, match=r"damaged\.root: events 1500 to 3000: a basket of muon_pt"
    ):
        measure(url(damaged), processor, CLUSTER)
