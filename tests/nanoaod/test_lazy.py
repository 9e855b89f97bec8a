"""Dask mode: what is particular to it. The other tests run in all modes."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import pytest

from tests.nanoaod.files import GOLDEN, linked_arrays, read_arrays, write_like

dask_awkward = pytest.importorskip("dask_awkward")

from coffea.nanoevents import NanoEventsFactory  # noqa: E402

from dtperf.nanoaod.lazy import lazy_events  # noqa: E402
from dtperf.nanoaod.schema import MuonDPGSchema  # noqa: E402


@pytest.mark.parametrize("format", GOLDEN)
def test_partitions_anywhere_give_the_same(format: str) -> None:
    steps = [[0, 1], [1, 1400], [1400, 1700], [1700, 3999], [3999, 4000]]
    events = lazy_events({str(GOLDEN[format]): {"object_path": "Events", "steps": steps}})
    assert events.npartitions == 5
    x, pt = events.muon.matches.x, events.muon.pt
    x, pt = x.compute(scheduler="synchronous"), pt.compute(scheduler="synchronous")
    arrays = read_arrays(GOLDEN["ttree"])
    assert ak.all(pt == arrays["muon_pt"], axis=None)
    assert ak.sum(ak.num(x, axis=2)) == ak.sum(
        arrays["muon_matches_end"] - arrays["muon_matches_begin"]
    )


def test_both_formats_in_one_dataset() -> None:
    files = {str(path): "Events" for path in GOLDEN.values()}
    pt = lazy_events(files).muon.pt.compute(scheduler="synchronous")
    assert len(pt) == 8000
    assert ak.all(pt[:4000] == pt[4000:], axis=None)


def test_metadata() -> None:
    events = lazy_events({str(GOLDEN["ttree"]): "Events"}, metadata={"dataset": "golden"})
    assert events.metadata["dataset"] == "golden"


def test_coffea_itself_reads_ttrees_in_dask_mode() -> None:
    events = NanoEventsFactory.from_root(
        {str(GOLDEN["ttree"]): "Events"}, mode="dask", schemaclass=MuonDPGSchema
    ).events()
    hard = events.muon[events.muon.pt > 20]
    assert hard.matches.x.compute(scheduler="synchronous").ndim == 3


def test_a_link_that_the_file_lacks_says_what_is_needed() -> None:
    events = lazy_events({str(GOLDEN["ttree"]): "Events"})
    with pytest.raises(LookupError, match="muon_staMatches_begin"):
        _ = events.muon.staMatches


def test_only_the_columns_of_a_link_are_read(tmp_path: Path) -> None:
    path = write_like(linked_arrays(), tmp_path / "linked.root")
    events = lazy_events({str(path): "Events"})
    (columns,) = dask_awkward.necessary_columns(events.muon.staMatches.station).values()
    assert columns == {
        *("muon_staMatches_begin", "muon_staMatches_end", "muon_staMatches_MuSegIdx"),
        *("dtSegment_station", "nmuon", "nmuon_staMatches", "ndtSegment"),
    }


def test_counts_alone_read_what_they_depend_on(tmp_path: Path) -> None:
    path = write_like(linked_arrays(), tmp_path / "linked.root")
    events = lazy_events({str(path): "Events"})
    for nested in (events.muon.matches, events.muon.staMatches):
        counts = ak.num(nested, axis=2).compute(scheduler="synchronous")
        lists = nested.compute(scheduler="synchronous")
        assert counts.to_list() == ak.num(lists, axis=2).to_list()
