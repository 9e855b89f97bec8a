from __future__ import annotations

from math import asinh, atan2, hypot, sqrt

import numpy as np
import pytest

from dtperf.detector import Chamber, chamber_codes, chambers, lengths_cm, widths_cm
from dtperf.nanoaod import branch_table
from dtperf.synthetic import load_settings
from dtperf.synthetic.blocks import EventBlock, make_block
from dtperf.synthetic.columns import lean_rows
from dtperf.synthetic.rows import EventRows
from dtperf.synthetic.stages import DrawnSegments

COLLECTIONS = {"muon", "muon_matches", "muon_staMatches", "dtSegment"}


@pytest.fixture(scope="module")
def block() -> EventBlock:
    return make_block(load_settings(), 1)


@pytest.fixture(scope="module")
def rows(block: EventBlock) -> EventRows:
    return lean_rows(block)


def one_segment(block: EventBlock, chamber: Chamber, has_phi: bool = True) -> DrawnSegments:
    """At x = 10 cm, y = 20 cm, with slopes 0.1 and 0.5, in the first event."""
    offsets = np.ones_like(block.segments.offsets)
    offsets[0] = 0
    values = {"muon": -1, "code": chamber.code, "x": 10, "y": 20, "dxdz": 0.1, "dydz": 0.5}
    values |= {"has_phi": has_phi, "has_zed": True, "phi_hits": 8 if has_phi else 0, "z_hits": 4}
    columns = {
        name: np.array([values.get(name, 1)], dtype=column.dtype)
        for name, column in block.segments._asdict().items()
        if name != "offsets"
    }
    return DrawnSegments(offsets=offsets, **columns)


def of_one_segment(block: EventBlock, segments: DrawnSegments) -> dict[str, float]:
    changed = block._replace(segments=segments)
    return {
        name.removeprefix("dtSegment_"): float(column[0])
        for name, column in lean_rows(changed).values.items()
        if name.startswith("dtSegment_")
    }


def test_columns_and_types_are_those_of_the_table(rows: EventRows) -> None:
    table = branch_table("B").values()
    expected = {b.name: b.dtype for b in table if b.collection in COLLECTIONS or not b.collection}
    found = {name: str(column.dtype) for name, column in rows.values.items()}
    assert found == {name: t for name, t in expected.items() if name[1:] not in COLLECTIONS}
    assert rows.offsets.keys() == COLLECTIONS


def test_columns_have_one_value_an_entry(rows: EventRows) -> None:
    for name, column in rows.values.items():
        collection = branch_table("B")[name].collection
        expected = rows.offsets[collection][-1] if collection else rows.events
        assert len(column) == expected > 0, name


@pytest.mark.parametrize("link", ["matches", "staMatches"])
def test_ranges_of_muons_share_out_the_entries_of_their_event(rows: EventRows, link: str) -> None:
    begin, end = (rows.values[f"muon_{link}_{limit}"].astype(int) for limit in ("begin", "end"))
    muons, entries = rows.offsets["muon"], np.diff(rows.offsets[f"muon_{link}"])
    for event in range(rows.events):
        mine = slice(muons[event], muons[event + 1])
        limits = [0, *end[mine]]
        assert begin[mine].tolist() == limits[:-1]
        assert limits[-1] == entries[event]


def test_matches_are_those_of_the_muon(block: EventBlock, rows: EventRows) -> None:
    begin, end = rows.values["muon_matches_begin"], rows.values["muon_matches_end"]
    assert rows.values["muon_nMatches"].tolist() == (end - begin).tolist()
    tracks = block.matches.track
    assert np.bincount(tracks, minlength=len(begin)).tolist() == (end - begin).tolist()
    names = ("wheel", "sector", "station")
    codes = chamber_codes(*(rows.values[f"muon_matches_{name}"] for name in names))
    assert codes.tolist() == block.matches.code.tolist()


def test_edge_distances_follow_from_the_position(block: EventBlock, rows: EventRows) -> None:
    code = block.matches.code
    for axis, sizes in (("x", widths_cm()), ("y", lengths_cm())):
        position = rows.values[f"muon_matches_{axis}"].astype(float)
        edge = rows.values[f"muon_matches_edge{axis.upper()}"]
        assert edge == pytest.approx(np.abs(position) - sizes[code] / 2, abs=1e-4)
        assert edge.max() < 5.001


def test_standalone_muons_are_linked_to_their_own_segments(
    block: EventBlock, rows: EventRows
) -> None:
    standalone = rows.values["muon_isStandalone"]
    begin, end = (rows.values[f"muon_staMatches_{limit}"] for limit in ("begin", "end"))
    assert (end == begin)[~standalone].all()
    first_match, first_segment = rows.offsets["muon_staMatches"], rows.offsets["dtSegment"]
    index = rows.values["muon_staMatches_MuSegIdx"]
    event = np.repeat(np.arange(rows.events), np.diff(rows.offsets["muon"]))
    linked = 0
    for muon in np.flatnonzero(standalone & (end > begin))[:500]:
        start = first_match[event[muon]]
        places = first_segment[event[muon]] + index[start + begin[muon] : start + end[muon]]
        assert (block.segments.muon[places] == muon).all()
        linked += len(places)
    assert linked > 500


def test_directions_at_a_segment_that_was_worked_out_by_hand(block: EventBlock) -> None:
    # n = e_x, f = +1, so local x runs along -y, local y along z; centre (431.175, 39.12, 267.75)
    found = of_one_segment(block, one_segment(block, Chamber(1, 1, 1)))
    x, y, z = 431.175, 39.12 - 10, 267.75 + 20
    assert found["seg4D_posGlb_phi"] == pytest.approx(atan2(y, x), rel=2e-4)
    assert found["seg4D_posGlb_eta"] == pytest.approx(asinh(z / hypot(x, y)), rel=2e-4)
    # outwards, against the local z axis, 1 cm goes -0.1 cm in local x and -0.5 cm in local y
    assert found["seg4D_dirGlb_phi"] == pytest.approx(atan2(0.1, 1), rel=2e-4)
    assert found["seg4D_dirGlb_eta"] == pytest.approx(asinh(-0.5 / hypot(1, 0.1)), rel=2e-4)
    norm = sqrt(1 + 0.1**2 + 0.5**2)
    direction = [found[f"seg4D_dirLoc_{axis}"] for axis in "xyz"]
    assert direction == pytest.approx([-0.1 / norm, -0.5 / norm, -1 / norm])


def test_positions_at_the_superlayers(block: EventBlock) -> None:
    # phi superlayers of MB1 at local z = +11.75 and -11.75, of MB3 at +9.95 and -13.55 cm
    names = ("SL1", "SL3", "midPlane")
    for station, expected in ((1, [11.175, 8.825, 10.0]), (3, [10.995, 8.645, 9.82])):
        segment = one_segment(block, Chamber(1, 1, station))
        found = of_one_segment(block, segment)
        assert [found[f"seg4D_posLoc_x_{name}"] for name in names] == pytest.approx(expected)


def test_a_segment_without_phi_view_has_no_position_at_its_superlayers(block: EventBlock) -> None:
    found = of_one_segment(block, one_segment(block, Chamber(1, 1, 1), has_phi=False))
    assert found["seg4D_posLoc_x_SL1"] == -999
    assert found["seg2D_phi_vDrift"] == -1


def test_every_chamber_gets_segments_and_matches(rows: EventRows) -> None:
    names = ("wheel", "sector", "station")
    for collection in ("dtSegment", "muon_matches"):
        codes = chamber_codes(*(rows.values[f"{collection}_{name}"] for name in names))
        assert set(codes.tolist()) == {chamber.code for chamber in chambers()}
