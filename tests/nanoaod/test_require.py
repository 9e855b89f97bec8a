from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from dtperf.errors import InputError
from dtperf.nanoaod.branches import branch_table
from dtperf.nanoaod.open import open_tree
from dtperf.nanoaod.require import require_columns
from tests.nanoaod.files import GOLDEN, read_arrays, write_like, write_tree

EDGES = ["muon_matches_edgeX", "muon_matches_edgeY"]


def refusal(path: Path, columns: list[str]) -> str:
    with open_tree(str(path)) as tree, pytest.raises(InputError) as caught:
        require_columns(tree, str(path), columns)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("format", GOLDEN)
def test_columns_that_are_there(format: str) -> None:
    with open_tree(str(GOLDEN[format])) as tree:
        require_columns(tree, "f.root", ["muon_pt", "nmuon", "dtSegment_seg4D_hasPhi", "run"])


@pytest.mark.parametrize("name", ["_collection1", "_collection1.muon_pt"])
def test_internals_of_an_rntuple_are_no_columns(name: str) -> None:
    assert name in refusal(GOLDEN["rntuple"], [name])


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_generation_a_has_no_edge_distances(tmp_path: Path, format) -> None:
    path = tmp_path / "a.root"
    write_like(read_arrays(GOLDEN["ttree"], 20), path, "A", format)
    message = refusal(path, ["muon_pt", *EDGES])
    assert "is a muon DPG NANO of generation A" in message
    assert "Of 3 branches needed, 2 not there: muon_matches_edgeX, muon_matches_edgeY." in message
    assert "Generation A never has them: use files of generation B" in message


def test_slimmed_file(tmp_path: Path) -> None:
    arrays = read_arrays(GOLDEN["ttree"], 20)
    del arrays["dtSegment_seg4D_hasPhi"]
    path = write_like(arrays, tmp_path / "slim.root", "B")
    message = refusal(path, ["dtSegment_seg4D_hasPhi"])
    assert "generation B" in message
    assert "1 not there: dtSegment_seg4D_hasPhi. Was the file slimmed?" in message


def test_many_missing_branches_are_counted(tmp_path: Path) -> None:
    path = write_like(read_arrays(GOLDEN["ttree"], 20), tmp_path / "f.root", "A")
    columns = [name for name in branch_table("A") if name.startswith("cscTnP_")]
    message = refusal(path, columns)
    assert f", and {len(columns) - 10} more" not in message
    assert f" and {len(columns) - 10} more. " in message
    assert columns[9] in message
    assert columns[10] not in message.split()


def standard_nanoaod(path: Path, format) -> Path:
    rng = np.random.default_rng(2)
    counts = rng.integers(0, 3, 12)
    ids = {
        n: ak.Array(np.ones(12, t))
        for n, t in [("run", np.uint32), ("luminosityBlock", np.uint32), ("event", np.uint64)]
    }
    muons = {
        f"Muon_{name}": ak.unflatten(rng.uniform(0, 9, counts.sum()).astype(np.float32), counts)
        for name in ("pt", "eta", "phi", "mass")
    }
    return write_tree({**ids, **muons}, path, format, collections=frozenset({"Muon"}))


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_standard_nanoaod(tmp_path: Path, format) -> None:
    path = standard_nanoaod(tmp_path / "nano.root", format)
    message = refusal(path, ["run", "muon_pt", "dtSegment_station"])
    assert "is a NanoAOD but not a muon DPG NANO." in message
    assert "Of 3 branches needed, 2 not there: muon_pt, dtSegment_station." in message
    assert "NANO:@MUDPG" in message


def test_a_tree_of_something_else(tmp_path: Path) -> None:
    path = write_tree({"energy": ak.Array(np.ones(3))}, tmp_path / "other.root")
    message = refusal(path, ["muon_pt"])
    assert "is not a muon DPG NANO." in message
    assert "NanoAOD but" not in message
