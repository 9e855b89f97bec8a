from __future__ import annotations

import hashlib

import pytest
import uproot

from dtperf.nanoaod.branches import Generation, branch_table, collection_of, known_collections
from dtperf.nanoaod.generations import describe, generation_of
from tests.nanoaod.files import GOLDEN, Format, read_arrays, write_like, write_tree

# SHA-256 over the sorted lines "name,dtype,counter,collection" of the lists that the table
# was made from: a typing error in branches.csv cannot go unnoticed.
CHECKSUMS = {
    "A": (382, "4d28e527ffa607dce1d341e69305e25cd4348cbdb78d2dbdc1f77d3d2c332b36"),
    "B": (410, "57f59c5ae48a00a917628a42a3753da27d9b80f04627f30336302da1f2f95d60"),
}


@pytest.mark.parametrize("generation", ["A", "B"])
def test_table_is_the_published_list(generation: Generation) -> None:
    table = branch_table(generation)
    lines = sorted(f"{b.name},{b.dtype},{b.counter},{b.collection}" for b in table.values())
    # The lists give a counter its collection, but no counter of its own.
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    assert (len(table), digest) == CHECKSUMS[generation]


@pytest.mark.parametrize("generation", ["A", "B"])
def test_rule_finds_the_collection_of_every_known_branch(generation: Generation) -> None:
    for branch in branch_table(generation).values():
        assert collection_of(branch.name, known_collections()) == branch.collection


@pytest.mark.parametrize(
    ("name", "collection"),
    [
        ("muon_matches_x", "muon_matches"),
        ("muon_matches_begin", "muon"),
        ("muon_staMatches_end", "muon"),
        ("dtSegment_hits_pos", "dtSegment_hits"),
        ("dtSegment_seg2D_hits_begin", "dtSegment"),
        ("muon_trk_dz", "muon"),
        ("nmuon_matches", "muon_matches"),
        ("muonish_x", ""),
        ("muon", ""),
        ("lumi_instLumi", ""),
        ("_x", ""),
    ],
)
def test_collection_of(name: str, collection: str) -> None:
    assert collection_of(name, known_collections()) == collection


def test_range_columns_without_a_parent_stay_in_their_collection() -> None:
    assert collection_of("clock_begin", {"clock"}) == "clock"


def test_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        branch_table("A")["new"] = branch_table("A")["run"]  # type: ignore[index]


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
@pytest.mark.parametrize("generation", ["A", "B"])
def test_generation_by_types(tmp_path, generation: Generation, format: Format) -> None:
    path = write_like(read_arrays(GOLDEN["ttree"], 20), tmp_path / "f.root", generation, format)
    with uproot.open({str(path): "Events"}) as tree:
        assert generation_of(tree) == generation
        assert describe(tree) == f"a muon DPG NANO of generation {generation}"


@pytest.mark.parametrize("format", GOLDEN)
def test_generation_of_golden_files(format: str) -> None:
    with uproot.open({str(GOLDEN[format]): "Events"}) as tree:
        assert generation_of(tree) == "B"


def test_generation_without_int16_is_told_by_edge_distances(tmp_path) -> None:
    arrays = read_arrays(GOLDEN["ttree"], 20)
    path = write_tree({"muon_matches_edgeX": arrays["muon_matches_edgeX"]}, tmp_path / "f.root")
    with uproot.open({str(path): "Events"}) as tree:
        assert generation_of(tree) == "B"


def test_generation_without_a_clue_is_unknown(tmp_path) -> None:
    arrays = read_arrays(GOLDEN["ttree"], 20)
    path = write_tree({"muon_pt": arrays["muon_pt"]}, tmp_path / "f.root")
    with uproot.open({str(path): "Events"}) as tree:
        assert generation_of(tree) == "unknown"
        assert describe(tree) == "a muon DPG NANO of unknown generation"
