"""Reading chunks of files that are fine, and of files that change or vanish meanwhile."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import awkward as ak
import fsspec
import numpy as np
import pytest
import uproot
from coffea.processor.executor import WorkItem

from dtperf.errors import Cause, InputError
from dtperf.execution import chunks
from dtperf.execution.chunk_meta import ChunkMeta
from dtperf.execution.chunks import read_events
from dtperf.nanoaod import ColumnFilter, open_files
from tests.nanoaod.files import GOLDEN, Format, linked_arrays, read_arrays, write_like, write_tree

EVENTS = 40
COLUMNS = ("run", "event", "muon_pt", "muon_charge", "muon_matches_begin", "muon_matches_end")
CONTENT = linked_arrays(EVENTS)


@pytest.fixture(autouse=True)
def no_files_left_open() -> Iterator[None]:
    open_files.close_all()
    yield
    open_files.close_all()


@pytest.fixture(params=["ttree", "rntuple"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_tree(CONTENT, tmp_path / "nano.root", request.param, cluster=10)


def uuid_of(path: str | Path) -> bytes:
    with uproot.open({str(path): None}) as file:
        uuid: UUID = file.file.uuid
    return uuid.bytes


def item_of(path: str | Path, start: int = 0, stop: int = EVENTS, **meta: Any) -> WorkItem:
    uuid = meta.pop("uuid", None) or uuid_of(path)
    columns = ColumnFilter.of(meta.pop("columns", COLUMNS))
    place = (str(path), "Events", start, stop, uuid)
    return WorkItem("events", *place, usermeta=ChunkMeta(**meta) if meta else None, preload=columns)


def pt(item: WorkItem) -> Any:
    return read_events(item).events.muon.pt.to_list()


def refusal(item: WorkItem, cause: Cause) -> str:
    with pytest.raises(InputError) as caught:
        read_events(item)
    told = str(caught.value)
    assert caught.value.cause == cause, told
    assert told.startswith(f"{item.filename}: events {item.entrystart} to {item.entrystop}")
    return told


def test_what_is_read(path: Path) -> None:
    chunk = read_events(item_of(path, 7, 23))
    assert len(chunk.events) == 16
    assert chunk.events.muon.pt.to_list() == CONTENT["muon_pt"][7:23].to_list()
    assert chunk.events.event.to_list() == list(range(7, 23))
    assert "dtSegment" not in chunk.events.fields
    assert 0 < chunk.bytes < path.stat().st_size


def test_any_chunks_are_the_whole(path: Path) -> None:
    edges = [0, 1, 9, 10, 31, 40]
    pieces = [muons for a, b in pairwise(edges) for muons in pt(item_of(path, a, b))]
    assert pieces == CONTENT["muon_pt"].to_list()


def test_a_file_at_another_address(path: Path, tmp_path: Path) -> None:
    replica = shutil.copy(path, tmp_path / "replica.root")
    item = item_of(path, source=str(replica), bytes=path.stat().st_size)
    path.unlink()
    assert pt(item) == CONTENT["muon_pt"].to_list()
    assert read_events(item).events.metadata["filename"] == str(path)
    replica.unlink()
    open_files.close_all()
    assert f", at {replica}: no such file" in refusal(item, "missing")


def test_nothing_needs_to_be_said_of_a_file(path: Path) -> None:
    assert pt(item_of(path)) == CONTENT["muon_pt"].to_list()


def test_another_uuid(path: Path) -> None:
    other = UUID(int=5)
    told = refusal(item_of(path, uuid=other.bytes), "changed")
    assert f"has UUID {UUID(bytes=uuid_of(path))}, and had {other}" in told


def test_another_size(path: Path) -> None:
    size = path.stat().st_size
    told = refusal(item_of(path, bytes=size + 1), "changed")
    assert f"has {size} bytes, and had {size + 1}" in told


def test_fewer_events_than_there_were(path: Path) -> None:
    assert "has only 40 events" in refusal(item_of(path, 30, 41), "changed")


def test_required_branches(path: Path) -> None:
    assert pt(item_of(path, required=COLUMNS)) == CONTENT["muon_pt"].to_list()
    open_files.close_all()
    told = refusal(item_of(path, required=(*COLUMNS, "muon_trk_dz")), "missing-branch")
    assert "1 not there: muon_trk_dz" in told


def test_branches_that_are_only_wanted_must_be_of_their_kind(tmp_path: Path) -> None:
    wrong = {**CONTENT, "lumi_instLumi": ak.Array(np.ones(EVENTS, np.int32))}
    path = write_tree(wrong, tmp_path / "wrong.root")
    asked = item_of(path, columns=(*COLUMNS, "lumi_instLumi"), required=COLUMNS)
    assert "lumi_instLumi should be one float64" in refusal(asked, "wrong-type")


def test_no_such_file(tmp_path: Path) -> None:
    refusal(item_of(tmp_path / "none.root", uuid=bytes(16)), "missing")


def test_a_file_that_is_deleted_while_open_is_still_read(path: Path) -> None:
    first, second = item_of(path, 0, 20), item_of(path, 20, 40)
    read_events(first)
    path.unlink()
    assert pt(second) == CONTENT["muon_pt"][20:].to_list()


def other_content(path: Path, format: Format) -> Path:
    """Write a file of the same layout with other numbers."""
    return write_tree(linked_arrays(EVENTS, seed=2), path, format, cluster=10)


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_a_file_that_is_replaced_while_open_is_not_mixed_with_the_other(
    tmp_path: Path, format: Format
) -> None:
    path = write_tree(CONTENT, tmp_path / "nano.root", format, cluster=10)
    first, second = item_of(path, 0, 20), item_of(path, 20, 40)
    read_events(first)
    other_content(tmp_path / "other.root", format).replace(path)
    assert pt(second) == CONTENT["muon_pt"][20:].to_list()
    open_files.close_all()
    refusal(second, "changed")


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_a_file_that_is_written_over_while_open(tmp_path: Path, format: Format) -> None:
    path = write_tree(CONTENT, tmp_path / "nano.root", format, cluster=10)
    first, second = item_of(path, 0, 20), item_of(path, 20, 40)
    read_events(first)
    path.write_bytes(other_content(tmp_path / "other.root", format).read_bytes())
    assert "while it was read" in refusal(second, "changed")
    assert "replaced after it was checked" in refusal(second, "changed")


def test_a_basket_that_is_written_over_while_open(path: Path) -> None:
    first, second = item_of(path, 0, 20), item_of(path, 20, 40)
    read_events(first)
    os.utime(path, ns=(0, 0))
    told = refusal(second, "changed")
    assert "was written to or replaced while it was read" in told
    assert pt(second) == CONTENT["muon_pt"][20:].to_list()  # the next try takes it as it is


@pytest.mark.parametrize("kept", [0, 100, 5_000, -3])
def test_a_file_that_becomes_shorter_while_open(path: Path, kept: int) -> None:
    first, second = item_of(path, 0, 20), item_of(path, 20, 40)
    read_events(first)
    os.truncate(path, kept if kept >= 0 else path.stat().st_size + kept)
    assert "while it was read" in refusal(second, "changed")
    refusal(second, "truncated" if kept else "empty")


@pytest.fixture
def memory() -> Iterator[Any]:
    """Give a stand-in for a server: fsspec's files in memory."""
    files = fsspec.filesystem("memory")
    yield files
    files.rm("/", recursive=True)


def on_server(memory: Any, path: Path, start: int, stop: int, **meta: Any) -> WorkItem:
    memory.pipe("/nano.root", path.read_bytes())
    return item_of(path, start, stop, source="memory://nano.root", **meta)


def test_a_file_on_a_server(path: Path, memory: Any) -> None:
    item = on_server(memory, path, 5, 25, bytes=path.stat().st_size)
    assert pt(item) == CONTENT["muon_pt"][5:25].to_list()


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_a_file_that_is_replaced_on_a_server(tmp_path: Path, memory: Any, format: Format) -> None:
    path = write_tree(CONTENT, tmp_path / "nano.root", format, cluster=10)
    first, second = (on_server(memory, path, *edges) for edges in ((0, 20), (20, 40)))
    read_events(first)
    memory.pipe("/nano.root", other_content(tmp_path / "other.root", format).read_bytes())
    assert "while it was read" in refusal(second, "changed")
    assert "memory://nano.root" in refusal(second, "changed")


def test_a_file_that_disappears_from_a_server(path: Path, memory: Any) -> None:
    first, second = (on_server(memory, path, *edges) for edges in ((0, 20), (20, 40)))
    read_events(first)
    memory.rm("/nano.root")
    refusal(second, "missing")


LOST: list[tuple[int, Cause]] = [
    (errno.ESTALE, "missing"),
    (errno.EIO, "unreachable"),
    (errno.EACCES, "refused"),
    (errno.ETIMEDOUT, "timeout"),
]


@pytest.mark.parametrize(("number", "cause"), LOST)
def test_a_file_system_that_fails_while_a_file_is_open(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int, cause: Cause
) -> None:
    first, second = item_of(path, 0, 20), item_of(path, 20, 40)
    read_events(first)

    def fail(*_: Any) -> bytes:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        for name in ("pread", "preadv"):
            patch.setattr(os, name, fail)
        assert os.strerror(number) in refusal(second, cause)
    assert pt(second) == CONTENT["muon_pt"][20:].to_list()


def test_a_file_system_that_gives_less_than_it_is_asked_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, read_into = os.pread, os.preadv
    item = item_of(path)
    least = 50
    monkeypatch.setattr(os, "pread", lambda file, n, at: read(file, min(n, least), at))
    monkeypatch.setattr(os, "preadv", lambda file, into, at: read_into(file, [into[0][:least]], at))
    assert pt(item) == CONTENT["muon_pt"].to_list()


def test_after_a_failure_a_file_is_opened_anew(path: Path) -> None:
    item = item_of(path)
    content = path.read_bytes()
    path.write_bytes(content[:-500])
    refusal(item, "truncated")
    path.write_bytes(content)
    assert pt(item) == CONTENT["muon_pt"].to_list()


def test_an_interrupt_closes_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    item = item_of(path)
    read_events(item)
    file = opened_for(item)
    monkeypatch.setattr(open_files.OpenFile, "read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read_events(item)
    assert file.directory.closed


def opened_for(item: WorkItem) -> open_files.OpenFile:
    return open_files.open_checked(chunks._wanted(item))


def test_only_a_few_files_stay_open(path: Path, tmp_path: Path) -> None:
    items = [item_of(shutil.copy(path, tmp_path / f"{i}.root")) for i in range(7)]
    files = []
    for item in items:
        read_events(item)
        files.append(opened_for(item))
    assert [file.directory.closed for file in files] == [True] * 3 + [False] * 4
    read_events(items[3])  # used again, so the next to go is another
    read_events(items[0])
    assert not files[3].directory.closed
    assert files[4].directory.closed


def test_each_thread_has_its_own_files(path: Path, tmp_path: Path) -> None:
    paths = [shutil.copy(path, tmp_path / f"{i}.root") for i in range(6)]
    items = [item_of(p, a, a + 20) for p in paths for a in (0, 20)] * 3
    mine = opened_for(items[0])
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(pt, items))
    assert read == [CONTENT["muon_pt"][i.entrystart : i.entrystop].to_list() for i in items]
    assert not mine.directory.closed


def test_generations_are_read_alike(tmp_path: Path) -> None:
    golden = read_arrays(GOLDEN["ttree"], 50)
    for generation in ("A", "B"):
        path = write_like(golden, tmp_path / f"{generation}.root", generation)
        item = item_of(path, 3, 50, columns=["dtSegment_station", "muon_pt"])
        stations = read_events(item).events.dtSegment.station
        assert stations.to_list() == golden["dtSegment_station"][3:50].to_list()


def test_other_columns_of_a_file_that_is_open(path: Path) -> None:
    few, more = item_of(path, columns=("run", "muon_pt")), item_of(path)
    assert read_events(few).events.muon.fields == ["pt"]
    assert read_events(more).events.muon.charge.to_list() == CONTENT["muon_charge"].to_list()
    assert read_events(few).events.muon.fields == ["pt"]


def test_a_counter_of_lists_that_were_cut(tmp_path: Path) -> None:
    arrays = dict(CONTENT)
    muons = ak.num(arrays["muon_pt"])
    hard = arrays["muon_pt"] > 5
    for name in COLUMNS[2:]:
        arrays[name] = arrays[name][hard]
    with uproot.recreate(tmp_path / "nano.root") as file:
        file["Events"] = {name: arrays[name] for name in COLUMNS} | {"nmuon": muons}
    columns = (*COLUMNS, "nmuon")
    with pytest.raises(InputError, match="nmuon does not count what muon_") as error:
        read_events(item_of(tmp_path / "nano.root", columns=columns))
    assert error.value.cause == "corrupt"
    # where there is no counter, the lists say it
    with uproot.recreate(tmp_path / "nano.root") as file:
        file["Events"] = {name: arrays[name] for name in COLUMNS}
    assert pt(item_of(tmp_path / "nano.root")) == CONTENT["muon_pt"][hard].to_list()
    found = read_events(item_of(tmp_path / "nano.root", columns=columns)).events
    assert found.nmuon.to_list() == ak.sum(hard, axis=1).to_list()
