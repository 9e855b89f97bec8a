"""Nested references against plain Python loops over lists."""

from __future__ import annotations

from typing import Any

import awkward as ak
import pytest
from coffea.nanoevents import NanoEventsFactory

from dtperf.nanoaod.schema import MuonDPGSchema
from tests.nanoaod.files import GOLDEN, linked_arrays, read_arrays, write_like
from tests.nanoaod.modes import MODES, compute, load

Nested = list[list[list[Any]]]

in_all_modes = pytest.mark.parametrize("mode", MODES)
without_dask = pytest.mark.parametrize("mode", ["virtual", "eager"])


def by_loop(arrays: dict[str, Any], stem: str, column: str) -> Nested:
    """Follow begin and end with loops only."""
    begins, ends = arrays[f"{stem}_begin"].to_list(), arrays[f"{stem}_end"].to_list()
    values = arrays[column].to_list()
    return [
        [values[event][b:e] for b, e in zip(begins[event], ends[event], strict=True)]
        for event in range(len(begins))
    ]


def stations_by_loop(arrays: dict[str, Any]) -> Nested:
    """Follow begin, end and then the index of the segment with loops only."""
    indices = by_loop(arrays, "muon_staMatches", "muon_staMatches_MuSegIdx")
    stations = arrays["dtSegment_station"].to_list()
    return [
        [[stations[event][i] for i in muon if i < len(stations[event])] for muon in muons]
        for event, muons in enumerate(indices)
    ]


@pytest.fixture(scope="module", params=["ttree", "rntuple"])
def linked(request, tmp_path_factory) -> Any:
    arrays = linked_arrays()
    path = tmp_path_factory.mktemp("links") / "linked.root"
    return write_like(arrays, path, "B", request.param), arrays


@in_all_modes
@pytest.mark.parametrize("format", GOLDEN)
def test_golden_matches(mode, format) -> None:
    expected = by_loop(read_arrays(GOLDEN["ttree"]), "muon_matches", "muon_matches_x")
    assert compute(load(GOLDEN[format], mode).muon.matches.x).to_list() == expected


@in_all_modes
def test_every_link(mode, linked) -> None:
    path, arrays = linked
    events = load(path, mode)
    matches = compute(events.muon.matches.x)
    assert matches.to_list() == by_loop(arrays, "muon_matches", "muon_matches_x")
    hits = compute(events.dtSegment.hits.pos)
    assert hits.to_list() == by_loop(arrays, "dtSegment_seg2D_hits", "dtSegment_hits_pos")
    extr = compute(events.dtSegment.extr.ExpPos)
    assert extr.to_list() == by_loop(arrays, "dtSegment_seg4D_extr", "dtSegment_extr_ExpPos")
    stations = compute(events.muon.staMatches.station)
    assert stations.to_list() == stations_by_loop(arrays)
    assert ak.sum(ak.num(stations, axis=-1)) > 10  # the loop above is not about nothing


@in_all_modes
def test_links_chain(mode, linked) -> None:
    path, arrays = linked
    found = compute(load(path, mode).muon.staMatches.hits.pos).to_list()
    indices = by_loop(arrays, "muon_staMatches", "muon_staMatches_MuSegIdx")
    hits = by_loop(arrays, "dtSegment_seg2D_hits", "dtSegment_hits_pos")
    assert found == [
        [[hits[event][i] for i in muon if i < len(hits[event])] for muon in muons]
        for event, muons in enumerate(indices)
    ]


@in_all_modes
def test_after_slicing_events_and_masking_muons(mode, linked) -> None:
    path, arrays = linked
    events = load(path, mode)
    busy = events[ak.num(events.muon, axis=1) > 1]
    hard = busy.muon[busy.muon.pt > 3]
    expected = by_loop(arrays, "muon_matches", "muon_matches_x")
    pts = arrays["muon_pt"].to_list()
    assert compute(hard.matches.x).to_list() == [
        [m for m, pt in zip(matches, event, strict=True) if pt > 3]
        for matches, event in zip(expected, pts, strict=True)
        if len(event) > 1
    ]


@in_all_modes
def test_on_the_first_muon_or_none(mode, linked) -> None:
    path, arrays = linked
    first = compute(ak.firsts(load(path, mode).muon).matches.x).to_list()
    expected = by_loop(arrays, "muon_matches", "muon_matches_x")
    assert first == [muons[0] if muons else None for muons in expected]


@in_all_modes
def test_on_masked_muons(mode, linked) -> None:
    path, arrays = linked
    muons = load(path, mode).muon
    found = compute(ak.mask(muons, muons.pt > 3).matches.x).to_list()
    expected = by_loop(arrays, "muon_matches", "muon_matches_x")
    assert found == [
        [m if pt > 3 else None for m, pt in zip(matches, event, strict=True)]
        for matches, event in zip(expected, arrays["muon_pt"].to_list(), strict=True)
    ]


@in_all_modes
def test_on_pairs_and_flattened_muons(mode, linked) -> None:
    path, arrays = linked
    muons = load(path, mode).muon
    expected = by_loop(arrays, "muon_matches", "muon_matches_x")
    pairs = ak.combinations(muons, 2, fields=["tag", "probe"])
    assert compute(pairs.probe.matches.x).to_list() == [
        [event[j] for i in range(len(event)) for j in range(i + 1, len(event))]
        for event in expected
    ]
    flat = compute(ak.flatten(muons).matches.x).to_list()
    assert flat == [muon for event in expected for muon in event]


@without_dask
def test_on_one_event_and_one_muon(mode, linked) -> None:
    path, arrays = linked
    events = load(path, mode)
    expected = by_loop(arrays, "muon_matches", "muon_matches_x")
    at = next(i for i, muons in enumerate(expected) if len(muons) > 1 and muons[1])
    assert events[at].muon.matches.x.to_list() == expected[at]
    assert events[at].muon[1].matches.x.to_list() == expected[at][1]
    assert events.muon[at][1].matches[0].x == expected[at][1][0]


@without_dask
def test_on_a_part_of_the_file(mode, linked) -> None:
    path, arrays = linked
    part = NanoEventsFactory.from_root(
        {str(path): "Events"}, mode=mode, schemaclass=MuonDPGSchema, entry_start=5, entry_stop=17
    ).events()
    assert part.muon.matches.x.to_list() == by_loop(arrays, "muon_matches", "muon_matches_x")[5:17]
    assert part.muon.staMatches.station.to_list() == stations_by_loop(arrays)[5:17]


@in_all_modes
def test_the_links_survive_the_events(mode, linked) -> None:
    path, arrays = linked
    muons = load(path, mode).muon  # nothing else holds the events any more
    expected = by_loop(arrays, "muon_matches", "muon_matches_x")
    assert compute(muons.matches.x).to_list() == expected
