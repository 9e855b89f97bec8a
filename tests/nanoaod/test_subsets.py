"""The form may hold only the columns that were declared, with or without counters."""

from __future__ import annotations

import awkward as ak
import pytest
from coffea.nanoevents import NanoEventsFactory

from dtperf.nanoaod.columns import ColumnFilter
from dtperf.nanoaod.schema import MuonDPGSchema
from tests.nanoaod.files import GOLDEN, linked_arrays, read_arrays, write_like
from tests.nanoaod.modes import load

pytestmark = [
    pytest.mark.parametrize("mode", ["virtual", "eager"]),
    # coffea's preload hands uproot filter_branch, which uproot calls deprecated for RNTuples.
    pytest.mark.filterwarnings("ignore:the filter_branch kwarg should not:DeprecationWarning"),
]

MATCHES = ["muon_pt", "muon_matches_begin", "muon_matches_end", "muon_matches_x"]


@pytest.mark.parametrize("counters", [[], ["nmuon"], ["nmuon", "nmuon_matches"]])
@pytest.mark.parametrize("format", GOLDEN)
def test_matches_with_and_without_counters(mode, format, counters) -> None:
    whole = load(GOLDEN[format], "eager")
    events = load(GOLDEN[format], mode, [*MATCHES, *counters])
    assert set(events.fields) == {"muon", "muon_matches", *counters}
    assert set(events.muon.fields) == {"pt", "matches_begin", "matches_end", "matches_beginG"}
    assert ak.array_equal(events.muon.matches.x, whole.muon.matches.x)


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_all_links_without_counters(mode, tmp_path, format) -> None:
    arrays = linked_arrays()
    path = write_like(arrays, tmp_path / "f.root", "B", format)
    events, whole = load(path, mode, list(arrays)), load(path, "eager")
    assert ak.array_equal(events.muon.staMatches.station, whole.muon.staMatches.station)
    assert ak.array_equal(events.dtSegment.hits.pos, whole.dtSegment.hits.pos)
    assert ak.array_equal(events.dtSegment.extr.ExpPos, whole.dtSegment.extr.ExpPos)


@pytest.mark.parametrize("format", GOLDEN)
def test_a_form_of_one_column(mode, format) -> None:
    events = load(GOLDEN[format], mode, ["muon_pt"])
    assert ak.all(events.muon.pt == read_arrays(GOLDEN["ttree"])["muon_pt"], axis=None)


@pytest.mark.parametrize("format", GOLDEN)
def test_muons_without_a_charge_are_no_vectors_but_have_matches(mode, format) -> None:
    events = load(GOLDEN[format], mode, [*MATCHES, "muon_eta", "muon_phi", "muon_mass"])
    assert not hasattr(events.muon, "delta_r")
    assert events.muon.matches.ndim == 3


@pytest.mark.parametrize(
    "columns", [["muon_pt"], MATCHES[:-1], ["muon_pt", "muon_matches_x"], MATCHES[::2]]
)
def test_a_link_that_was_not_read_says_what_to_declare(mode, columns) -> None:
    events = load(GOLDEN["ttree"], mode, columns)
    with pytest.raises(LookupError, match=r"muon_matches_begin, muon_matches_end"):
        _ = events.muon.matches


@pytest.mark.parametrize("format", GOLDEN)
def test_preloaded_columns_are_all_that_is_read(mode, format) -> None:
    columns = [*MATCHES, "dtSegment_station"]
    log: list = []
    events = NanoEventsFactory.from_root(
        {str(GOLDEN[format]): "Events"},
        mode=mode,
        schemaclass=MuonDPGSchema,
        preload=ColumnFilter.of(columns),
        iteritems_options={"filter_name": columns},
        access_log=log,
        entry_start=1400,
        entry_stop=1700,
    ).events()
    whole = load(GOLDEN["ttree"], "eager")
    assert ak.all(events.muon.matches.x == whole.muon.matches.x[1400:1700], axis=None)
    assert {entry.branch for entry in log} <= set(columns)


def test_virtual_mode_reads_only_what_is_used(mode) -> None:
    log: list = []
    events = NanoEventsFactory.from_root(
        {str(GOLDEN["ttree"]): "Events"}, mode=mode, schemaclass=MuonDPGSchema, access_log=log
    ).events()
    ak.materialize(events.muon.matches.x)
    read = {entry.branch for entry in log}
    if mode == "virtual":
        assert read == {*MATCHES[1:], "nmuon", "nmuon_matches"}
