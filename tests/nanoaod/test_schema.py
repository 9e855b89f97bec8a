from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest

from tests.nanoaod.files import GOLDEN, linked_arrays, read_arrays, write_like, write_tree
from tests.nanoaod.modes import MODES, compute, load

pytestmark = pytest.mark.parametrize("mode", MODES)


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    return read_arrays(GOLDEN["ttree"])


@pytest.mark.parametrize("format", GOLDEN)
def test_golden_columns_are_found_under_their_collections(mode, format, golden) -> None:
    events = load(GOLDEN[format], mode)
    assert set(events.fields) == {
        *("run", "luminosityBlock", "event", "bunchCrossing"),
        *("muon", "muon_matches", "dtSegment", "nmuon", "nmuon_matches", "ndtSegment"),
    }
    for read, name in [
        (events.run, "run"),
        (events.muon.trk_dz, "muon_trk_dz"),
        (events.muon_matches.x, "muon_matches_x"),
        (events.dtSegment.seg4D_posLoc_x, "dtSegment_seg4D_posLoc_x"),
        (events.muon.matches_begin, "muon_matches_begin"),
    ]:
        assert ak.array_equal(compute(read), golden[name], check_parameters=False)
    assert ak.all(compute(ak.num(events.muon, axis=1)) == ak.num(golden["muon_pt"]))


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
@pytest.mark.parametrize("generation", ["A", "B"])
def test_every_generation_and_format_gives_the_same(tmp_path, mode, generation, format, golden):
    arrays = {name: array[:60] for name, array in golden.items()}
    events = load(write_like(arrays, tmp_path / "f.root", generation, format), mode)
    station = compute(events.muon.matches.station)
    assert ak.to_list(ak.flatten(station, axis=2)) == arrays["muon_matches_station"].to_list()
    assert ("edgeX" in events.muon_matches.fields) == (generation == "B")
    width = {"A": 1, "B": 2}[generation]
    assert ak.to_numpy(ak.flatten(station, axis=None)).dtype == np.dtype(f"i{width}")


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_scalar_groups_stay_plain(tmp_path, mode, format) -> None:
    arrays = linked_arrays()
    events = load(write_like(arrays, tmp_path / "f.root", "B", format), mode)
    assert "lumi" not in events.fields
    assert ak.all(compute(events.lumi_instLumi) == arrays["lumi_instLumi"])


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_events_without_entries(tmp_path, mode, format) -> None:
    empty = {name: array[:0] for name, array in linked_arrays().items()}
    events = load(write_like(empty, tmp_path / "f.root", "B", format), mode)
    muons = compute(events.muon)
    assert len(muons) == 0
    for nested in (
        events.muon.matches.x,
        events.muon.staMatches.station,
        events.dtSegment.hits.pos,
    ):
        assert compute(nested).to_list() == []


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_events_without_muons(tmp_path, mode, format) -> None:
    arrays = linked_arrays()
    bare = {n: a if a.ndim == 1 else a[:, :0] for n, a in arrays.items()}
    events = load(write_like(bare, tmp_path / "f.root", "B", format), mode)
    assert compute(events.muon.matches.x).to_list() == [[]] * 40
    assert compute(events.muon.staMatches.station).to_list() == [[]] * 40
    pairs = ak.combinations(compute(events.muon), 2)
    assert ak.flatten((pairs["0"] + pairs["1"]).mass).to_list() == []


@pytest.mark.parametrize("format", GOLDEN)
def test_muons_are_charged_four_vectors(mode, format, golden) -> None:
    muons = compute(load(GOLDEN[format], mode).muon)
    muons = muons[ak.num(muons) >= 2]
    first, second = muons[:, 0], muons[:, 1]
    two = first + second
    c1, c2 = (
        {
            x: np.asarray(golden[f"muon_{x}"][ak.num(golden["muon_pt"]) >= 2][:, i], np.float64)
            for x in ("pt", "eta", "phi", "mass", "charge")
        }
        for i in (0, 1)
    )
    energy = sum(np.hypot(c["pt"] * np.cosh(c["eta"]), c["mass"]) for c in (c1, c2))
    momenta = [
        sum(f(c) for c in (c1, c2))
        for f in (
            lambda c: c["pt"] * np.cos(c["phi"]),
            lambda c: c["pt"] * np.sin(c["phi"]),
            lambda c: c["pt"] * np.sinh(c["eta"]),
        )
    ]
    mass = np.sqrt(energy**2 - sum(p**2 for p in momenta))
    near = mass > 20  # below, float32 inputs cancel
    np.testing.assert_allclose(np.asarray(two.mass)[near], mass[near], rtol=1e-4)
    assert ak.all(two.charge == c1["charge"] + c2["charge"])
    dphi = (c1["phi"] - c2["phi"] + np.pi) % (2 * np.pi) - np.pi
    np.testing.assert_allclose(
        first.delta_r(second), np.hypot(c1["eta"] - c2["eta"], dphi), rtol=1e-5, atol=1e-6
    )


def test_muon_arithmetic_beyond_a_pair(mode) -> None:
    muons = compute(load(GOLDEN["ttree"], mode).muon)
    first = muons[ak.num(muons) >= 2][:5, 0]
    assert ak.all(abs((first * 2).pt - 2 * first.pt) < 1e-3)
    assert ak.all(abs((first + first + first).pt - 3 * first.pt) < 1e-3)
    assert ak.all(abs((first - first).pt) < 1e-3)
    others = muons[ak.num(muons) >= 2][:5]
    assert ak.all(others[:, :1].nearest(others).pt == others[:, :1].pt)


def test_names_that_collide_stay_reachable(tmp_path, mode) -> None:
    arrays = linked_arrays(10)
    arrays["muon_matches"] = arrays["muon_pt"] + 1  # a column of muon, named as a collection
    arrays["dtSegment"] = ak.Array(np.arange(10, dtype=np.int32))  # a scalar named as one
    arrays["muon_note"] = ak.Array(np.arange(10, dtype=np.int32))  # a scalar with a prefix
    # As TTree, uproot cannot write a branch with the name of a collection.
    events = load(write_tree(arrays, tmp_path / "f.root", "rntuple"), mode)
    assert ak.all(compute(events.muon.matches_) == arrays["muon_matches"], axis=None)
    assert compute(events.dtSegment_).to_list() == list(range(10))
    assert compute(events.muon_note).to_list() == list(range(10))
    assert compute(events.dtSegment.station).to_list() == arrays["dtSegment_station"].to_list()
    assert compute(events.muon.matches.x).ndim == 3


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_unknown_collections_are_found_by_their_counters(tmp_path, mode, format) -> None:
    arrays = {**linked_arrays(10)}
    arrays["newDigi_bx"] = arrays["muon_charge"]
    arrays["newDigi_hits_x"] = arrays["dtSegment_hits_pos"]
    new = frozenset({"newDigi", "newDigi_hits"})
    path = write_tree(arrays, tmp_path / "f.root", format, collections=new)
    events = load(path, mode)
    assert compute(events.newDigi.bx).to_list() == arrays["muon_charge"].to_list()
    assert compute(events.newDigi_hits.x).to_list() == arrays["dtSegment_hits_pos"].to_list()
