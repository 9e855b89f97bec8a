from __future__ import annotations

from pathlib import Path

import pytest
import uproot

from dtperf.errors import InputError
from dtperf.nanoaod.branches import branch_table
from dtperf.nanoaod.inspect import inspect_file
from tests.nanoaod.files import GOLDEN, linked_arrays, read_arrays, write_like


@pytest.mark.parametrize(
    ("format", "kind", "clusters"), [("ttree", "TTree", 3), ("rntuple", "RNTuple", 1)]
)
def test_golden(format: str, kind: str, clusters: int) -> None:
    summary = inspect_file(str(GOLDEN[format]))
    arrays = read_arrays(GOLDEN["ttree"])
    pairs = set(zip(arrays["run"].to_list(), arrays["luminosityBlock"].to_list(), strict=True))
    assert (summary.kind, summary.clusters) == (kind, clusters)
    assert (summary.generation, summary.entries) == ("B", 4000)
    assert summary.content == "a muon DPG NANO of generation B"
    assert summary.runs == tuple(range(367000, 367040))
    assert summary.luminosity_blocks == len(pairs)
    assert summary.size_bytes == GOLDEN[format].stat().st_size
    assert summary.bytes_per_event == summary.size_bytes / 4000
    assert summary.compression == ("ZSTD", 5)
    assert len(summary.columns) == 63
    assert len(summary.missing) == 410 - 63
    assert summary.unknown == ()
    assert set(summary.columns) | set(summary.missing) == set(branch_table("B"))


def test_uuid_is_the_one_that_coffea_uses() -> None:
    with uproot.open(GOLDEN["ttree"]) as file:
        assert inspect_file(str(GOLDEN["ttree"])).uuid == str(file.file.uuid)


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_generation_a_with_a_newer_branch(tmp_path: Path, format) -> None:
    arrays = read_arrays(GOLDEN["ttree"], 30)
    arrays["muon_brandNew"] = arrays["muon_pt"]
    summary = inspect_file(str(write_like(arrays, tmp_path / "a.root", "A", format)))
    assert summary.generation == "A"
    assert summary.unknown == ("muon_brandNew",)
    assert "muon_matches_edgeX" not in summary.missing


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_without_entries(tmp_path: Path, format) -> None:
    empty = {name: array[:0] for name, array in linked_arrays().items()}
    summary = inspect_file(str(write_like(empty, tmp_path / "empty.root", "B", format)))
    assert (summary.entries, summary.runs, summary.clusters) == (0, (), 0)
    assert summary.luminosity_blocks == 0
    assert summary.bytes_per_event is None


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_without_run_numbers(tmp_path: Path, format) -> None:
    arrays = linked_arrays()
    del arrays["run"]
    summary = inspect_file(str(write_like(arrays, tmp_path / "f.root", "B", format)))
    assert (summary.runs, summary.luminosity_blocks) == ((), 0)
    assert "run" in summary.missing


def test_damaged_column(tmp_path: Path) -> None:
    with uproot.open({str(GOLDEN["ttree"]): "Events"}) as tree:
        first_byte = tree["run"].basket_chunk_cursor(0)[1].index
    content = bytearray(GOLDEN["ttree"].read_bytes())
    content[first_byte + 90 : first_byte + 190] = b"\xff" * 100
    path = tmp_path / "damaged.root"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged\.root: is damaged") as caught:
        inspect_file(str(path))
    assert caught.value.__cause__ is not None


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        inspect_file(str(tmp_path / "none.root"))
