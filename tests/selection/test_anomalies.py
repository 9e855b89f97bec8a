"""Content that no detector writes: never a crash, never a wrong count, always reported."""

from __future__ import annotations

from functools import partial
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from dtperf.config import AnalysisConfig
from dtperf.errors import InputError
from dtperf.measurements.binning import category_bins
from dtperf.measurements.declaration import Integer, Measurement
from dtperf.measurements.fill import fill
from dtperf.measurements.histograms import presented
from dtperf.selection import tag_and_probe
from dtperf.selection.tables import Table
from tests.helpers.events import nano_events
from tests.helpers.golden import GOLDEN
from tests.helpers.reference_loop import read_events

EVENTS = read_events(GOLDEN)[:40]
CONFIG = AnalysisConfig()


def measure(events: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, int]]:
    tables = tag_and_probe(nano_events(events), CONFIG)
    return fill(CONFIG.measurements.active(), tables), tables.anomalies


def assert_equal(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert not [name for name in a if a[name] != b[name]]


def pair_event() -> int:
    """Find an event with a selected pair whose probe has a match that counts."""
    for number, event in enumerate(EVENTS):
        tables = tag_and_probe(nano_events([event]), CONFIG)
        if tables.crossings.rows and tables.crossings["is_fiducial"].any():
            return number
    raise AssertionError


AT = pair_event()


def changed(branch: str, value: Any) -> list[dict[str, Any]]:
    """Set a branch to a value in all its entries of one event."""
    event = {**EVENTS[AT], branch: [value] * len(EVENTS[AT][branch])}
    return [*EVENTS[:AT], event, *EVENTS[AT + 1 :]]


@pytest.mark.parametrize(
    ("begin", "end"), [(0, 10**6), (5, 3), (2**32 - 1, 2**32 - 1), (0, 2**32 - 1), (2**31, 2**31)]
)
def test_ranges_outside_the_event(begin: int, end: int) -> None:
    event = EVENTS[AT]
    n_muons = len(event["muon_pt"])
    bad = {**event, "muon_matches_begin": [begin] * n_muons, "muon_matches_end": [end] * n_muons}
    counts, anomalies = measure([*EVENTS[:AT], bad, *EVENTS[AT + 1 :]])
    assert anomalies["muon_matches_range_outside_event"] == n_muons
    # the pair is known, what it crosses is not: it enters no station
    others, _ = measure([*EVENTS[:AT], *EVENTS[AT + 1 :]])
    whole, _ = measure(EVENTS)
    assert counts["pair_mass"] == whole["pair_mass"]
    for name in ("by_chamber", "acceptance_vs_eta", "probe_pt", "t0_profile"):
        assert counts[name] == others[name]


@pytest.mark.parametrize("branch", ["x", "y", "edgeX", "edgeY"])
@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_match_coordinates(branch: str, value: float) -> None:
    counts, anomalies = measure(changed(f"muon_matches_{branch}", value))
    assert anomalies["match_not_finite"] == len(EVENTS[AT]["muon_matches_x"])
    others, _ = measure([*EVENTS[:AT], *EVENTS[AT + 1 :]])
    assert counts["by_chamber"] == others["by_chamber"]
    assert counts["efficiency_vs_pt"] == others["efficiency_vs_pt"]


@pytest.mark.parametrize("branch", ["seg4D_posLoc_x", "seg4D_posLoc_y"])
@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_segment_coordinates(branch: str, value: float) -> None:
    counts, anomalies = measure(changed(f"dtSegment_{branch}", value))
    assert anomalies["segment_not_finite"] == len(EVENTS[AT]["dtSegment_wheel"])
    # the crossings stay, without segments
    whole, _ = measure(EVENTS)
    total = counts["by_chamber"].project("station").view()
    assert (total == whole["by_chamber"].project("station").view()).all()
    assert counts["by_chamber"][..., True].sum() < whole["by_chamber"][..., True].sum()


@pytest.mark.parametrize(
    ("branch", "value"),
    [("wheel", 3), ("wheel", -3), ("sector", 0), ("sector", 15), ("station", 0), ("station", 5)],
)
@pytest.mark.parametrize("collection", ["muon_matches", "dtSegment"])
def test_unknown_chambers(collection: str, branch: str, value: int) -> None:
    kind = {"muon_matches": "match", "dtSegment": "segment"}[collection]
    counts, anomalies = measure(changed(f"{collection}_{branch}", value))
    affected = len(EVENTS[AT][f"{collection}_wheel"])
    assert anomalies[f"{kind}_in_unknown_chamber"] == affected > 0
    known = [event for number, event in enumerate(EVENTS) if number != AT]
    others, _ = measure(known)
    passed = counts["by_chamber"][..., True]
    assert (passed.view() == others["by_chamber"][..., True].view()).all()


def test_sector_13_exists_in_station_4_only() -> None:
    event = EVENTS[AT]
    n = len(event["muon_matches_sector"])
    _, anomalies = measure([{**event, "muon_matches_sector": [13] * n}])
    expected = sum(station != 4 for station in event["muon_matches_station"])
    assert anomalies["match_in_unknown_chamber"] == expected


@pytest.mark.parametrize("branch", ["pt", "eta", "phi", "pfIso04", "trk_dz"])
@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_muon_coordinates_fail_the_cuts(branch: str, value: float) -> None:
    counts, anomalies = measure(changed(f"muon_{branch}", value))
    assert anomalies["muon_not_finite"] == len(EVENTS[AT]["muon_pt"])
    others, _ = measure([*EVENTS[:AT], *EVENTS[AT + 1 :]])
    if (branch, value) != ("pfIso04", -inf):  # which passes an upper limit
        assert counts["by_chamber"] == others["by_chamber"]


def test_a_muon_with_several_such_numbers_counts_once() -> None:
    events = changed("muon_pt", nan)
    events[AT] = {**events[AT], "muon_trk_dz": [inf] * len(events[AT]["muon_pt"])}
    assert measure(events)[1]["muon_not_finite"] == len(EVENTS[AT]["muon_pt"])
    assert measure(EVENTS)[1]["muon_not_finite"] == 0


@pytest.mark.parametrize("number", [2**31, 2**32 - 1])
def test_a_run_that_no_axis_can_have_counts_everywhere_else(number: int) -> None:
    wild = [{**event, "run": number} if n % 2 else event for n, event in enumerate(EVENTS)]
    counts, anomalies = measure(wild)
    assert anomalies["run_beyond_31_bits"] == len(EVENTS) // 2
    whole, found = measure(EVENTS)
    assert found["run_beyond_31_bits"] == 0
    tame, _ = measure(EVENTS[::2])
    for name, histogram in counts.items():
        per_run = "run" in histogram.axes.name
        assert histogram == (tame if per_run else whole)[name], name


def test_the_largest_run_that_an_axis_can_have() -> None:
    counts, anomalies = measure([{**event, "run": 2**31 - 1} for event in EVENTS])
    assert anomalies["run_beyond_31_bits"] == 0
    assert list(counts["efficiency_vs_run"].axes["run"]) == [2**31 - 1]


def test_wild_luminosity_blocks_are_counted() -> None:
    wild = [{**event, "luminosityBlock": 2**32 - 1} for event in EVENTS]
    assert measure(wild)[1]["luminosity_block_beyond_31_bits"] == len(EVENTS)


def test_more_runs_than_can_be_are_refused_where_they_enter() -> None:
    n = 40_000
    run, link = np.arange(n)[::-1].astype(np.uint32), np.arange(n)[::-1]
    columns = {"own": run, "link": link, "few": run % 10_000 == 7, "x": run % 5}
    parent = Table(n, {"run": lambda _: run})
    make = {name: partial(lambda values, _: values, values) for name, values in columns.items()}
    table = Table(n, make, parent=parent, link="link")
    x = {"type": "integer", "name": "x", "first": 0, "last": 3}
    for column in ("own", "run"):
        axis = {"type": "category", "name": column}
        declared = {"title": "", "table": "crossings", "axes": [axis, x]}
        some = Measurement.model_validate(declared | {"rows": ["few"]})
        counts = fill({"some": some}, {"crossings": table})["some"]
        entering = np.arange(7, n, 10_000)
        runs = entering if column == "own" else np.sort(n - 1 - entering)
        assert list(counts.axes[column]) == runs.tolist()
        by_x = [[int(value == at) for at in range(4)] for value in entering % 5]
        assert counts.view().tolist() == (by_x if column == "own" else by_x[::-1])
        with pytest.raises(InputError, match=f"{column}: 40,000 different values"):
            fill({"all": Measurement.model_validate(declared)}, {"crossings": table})
    with pytest.raises(ValueError, match="more categories"):
        category_bins(np.arange(n), np.arange(n), np.empty(n, dtype=np.int16))


def test_means_leave_out_what_is_no_number() -> None:
    values = np.array([1.0, nan, inf, 3.0, -1e300])
    table = Table(5, {"x": lambda _: values, "at": lambda _: np.ones(5, np.int16)})
    axis = Integer(name="at", first=1, last=1)
    declared = Measurement(title="", table="pairs", axes=(axis,), mean_of="x")
    profile = presented(fill({"x": declared}, {"pairs": table})["x"])
    assert (profile.counts().tolist(), profile.values().tolist()) == ([2], [2])


def test_no_muons_and_no_events() -> None:
    empty = {name: [] for name, value in EVENTS[0].items() if isinstance(value, list)}
    counts, _ = measure([empty])
    assert not any(h.sum(flow=True) for h in counts.values())
    both, _ = measure([*EVENTS, empty])
    whole, _ = measure(EVENTS)
    assert_equal(both, whole)
    tables = tag_and_probe(nano_events(EVENTS)[:0], CONFIG)
    assert tables.pairs.rows == tables.crossings.rows == 0
    assert not any(h.sum() for h in fill(CONFIG.measurements.active(), tables).values())


def test_fifty_muons() -> None:
    event = EVENTS[AT]
    copies = 50 // len(event["muon_pt"]) + 1
    many = {
        name: value * copies if name.startswith("muon_") and "matches_" not in name else value
        for name, value in event.items()
    }
    for name in ("muon_matches_begin", "muon_matches_end"):
        many[name] = event[name] * copies
    tables = tag_and_probe(nano_events([many]), CONFIG)
    tags = np.unique(tables.pairs["tag"][tables.pairs["selected"]])
    assert len(many["muon_pt"]) >= 50
    # each tag has one pair: the first probe in index order
    assert tables.pairs["selected"].sum() == len(tags) > 1


def test_a_slice_of_events_counts_as_its_events() -> None:
    events = nano_events(EVENTS)
    tables = tag_and_probe(events[5:20], CONFIG)
    picked = tag_and_probe(events[np.arange(40) % 3 == 0], CONFIG)
    for got, rows in ((tables, EVENTS[5:20]), (picked, EVENTS[::3])):
        expected, _ = measure(rows)
        assert_equal(fill(CONFIG.measurements.active(), got), expected)
