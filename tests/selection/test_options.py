"""The options of the selection on events made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtperf.config import AnalysisConfig
from dtperf.selection import Tables, tag_and_probe
from dtperf.selection.totals import totals
from tests.helpers.events import nano_events
from tests.helpers.reference_loop import BRANCHES
from tests.helpers.strategies import good_muon


def measured(
    muons: list[dict[str, Any]],
    matches: tuple[dict[str, Any], ...] = (),
    segments: tuple[dict[str, Any], ...] = (),
    **selection: Any,
) -> Tables:
    """Measure one event; the matches are those of all its muons, each muon's the same."""
    event: dict[str, list[Any]] = {name: [] for name in BRANCHES}
    for number, changed in enumerate(muons):
        values = {**good_muon(number), **{f"muon_{n}": value for n, value in changed.items()}}
        for name, value in {
            **values,
            "muon_matches_begin": 0,
            "muon_matches_end": len(matches),
        }.items():
            event[name].append(value)
    for collection, rows in (("muon_matches", matches), ("dtSegment", segments)):
        for row in rows:
            for name, value in row.items():
                event[f"{collection}_{name}"].append(value)
    config = AnalysisConfig.model_validate({"selection": selection})
    return tag_and_probe(nano_events([event]), config)


def crossing(station: int, sector: int, x: float, **others: float) -> dict[str, Any]:
    place = {"wheel": 0, "sector": sector, "station": station, "x": x, "y": 0.0}
    return {**place, "edgeX": -99.0, "edgeY": -99.0, **others}


def segment(x: float, hits: int) -> dict[str, Any]:
    place = {"wheel": 0, "sector": 4, "station": 1, "seg4D_posLoc_x": x, "seg4D_posLoc_y": 0.0}
    views = {"seg2D_phi_t0": 0.0, "seg4D_hasPhi": True, "seg4D_hasZed": True}
    return {**place, **views, "seg2D_phi_nHits": hits, "seg2D_z_nHits": 4}


def test_the_nearest_segment_is_not_the_one_with_most_hits() -> None:
    event = ([{}, {"isTight": False}], (crossing(1, 4, 0.0),), (segment(3.0, 8), segment(1.0, 4)))
    for choice, dx, hits in (("most_hits", 3.0, 8), ("nearest", 1.0, 4)):
        rows = measured(*event, passing={"choice": choice}).crossings
        assert (rows["dx"][0], rows["phi_hits"][0]) == (dx, hits)


def test_the_nearest_segment_has_to_be_near_in_a_view_that_it_has() -> None:
    # the nearest one has no phi view and is too far in y; without hits none counts
    lame = {**segment(1.0, 8), "seg4D_hasPhi": False, "seg4D_posLoc_y": 2.0}
    empty = {**segment(0.5, 0), "seg2D_z_nHits": 0}
    event = ([{}, {"isTight": False}], (crossing(1, 4, 0.0),), (lame, empty, segment(3.0, 4)))
    rows = measured(*event, passing={"choice": "nearest", "max_dy": 1.0}).crossings
    assert rows["dx"][0] == 3.0


def test_a_probe_of_two_tags_counts_once() -> None:
    # all four are tags; 0 and 2 would select 1, 1 and 3 would select 0
    found = measured([{}] * 4)
    assert list(zip(*_pairs(found), strict=True)) == [(0, 1), (1, 0), (2, 1), (3, 0)]
    unique = measured([{}] * 4, pair={"unique_probe": True})
    # 2 does not go on to 3, nor 3 to 2
    assert list(zip(*_pairs(unique), strict=True)) == [(0, 1), (1, 0)]
    for name in ("tag", "probe", "is_probe", "mass"):
        np.testing.assert_array_equal(unique.pairs[name], found.pairs[name])


def _pairs(tables: Tables) -> tuple[list[int], list[int]]:
    selected = tables.pairs["selected"]
    tags, probes = (tables.pairs[name][selected].tolist() for name in ("tag", "probe"))
    return tags, probes


@pytest.mark.parametrize(("charges", "charge"), [((1, -1), "opposite"), ((-1, -1), "same")])
def test_charges_are_those_that_are_asked_for(charges: tuple[int, int], charge: str) -> None:
    muons = [{"charge": each} for each in charges]
    for asked in ("opposite", "same"):
        assert len(_pairs(measured(muons, pair={"charge": asked}))[0]) == 2 * (asked == charge)
    # no muon has such a charge, but files that are broken do
    broken = [{"charge": 3}, {"charge": 3}]
    assert not _pairs(measured(broken, pair={"charge": charge}))[0]


@pytest.mark.parametrize(("who", "number"), [("tag", 0), ("probe", 1)])
def test_isolation_is_cut_on_as_asked_for(who: str, number: int) -> None:
    muons: list[dict[str, Any]] = [{}, {"isTight": False}]
    for name, passes in (("pfIso04", "tracker"), ("trkIso03", "pf")):
        changed = [{**m, **({name: 0.5} if i == number else {})} for i, m in enumerate(muons)]
        for iso in ("pf", "tracker"):
            assert len(_pairs(measured(changed, **{who: {"iso": iso}}))[0]) == (iso == passes)


@pytest.mark.parametrize(
    ("station", "sector", "x", "is_inside"),
    [
        # half of the chamber's 412.664 cm, and of 391.14 + 2 * 4.2 cm of superlayers, less 15 cm
        (4, 8, 191.3, (True, False)),
        (4, 8, 184.8, (True, False)),
        (4, 8, -184.7, (True, True)),
        (4, 8, 191.4, (False, False)),
        (4, 1, 193.1, (True, True)),
        # superlayer 1 reaches from -124.97 to 131.77 cm, 3 from -129.17 to 127.57
        (2, 4, 116.7, (True, True)),
        (2, 4, -114.1, (True, True)),
        (2, 4, -114.2, (True, False)),
    ],
)
def test_the_border_follows_the_superlayers(
    station: int, sector: int, x: float, is_inside: tuple[bool, bool]
) -> None:
    half = {(4, 8): 206.332, (4, 1): 208.17, (2, 4): 133.4}[station, sector]
    match = crossing(station, sector, x, edgeX=abs(x) - half)
    for border, inside in zip(("chamber", "superlayers"), is_inside, strict=True):
        rows = measured([{}, {"isTight": False}], (match,), station={"border": border}).crossings
        assert rows["is_fiducial"][rows["match"] >= 0].tolist() == [inside]


def test_two_chambers_of_a_station_are_double() -> None:
    twice = (crossing(4, 4, 0.0), crossing(4, 13, 0.0), crossing(1, 4, 0.0))
    found = measured([{}, {"isTight": False}], twice)
    counted = totals(found.pairs, found.crossings)
    assert [*counted] == ["pairs", "repeated_probes", "crossings", "double_crossings"]
    assert [*counted.values()] == [1, 0, 3, 1]
    one_outside = (twice[0], crossing(4, 13, 0.0, edgeX=-1.0))
    found = measured([{}, {"isTight": False}], one_outside)
    assert totals(found.pairs, found.crossings)["double_crossings"] == 0
