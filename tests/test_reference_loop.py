"""Test the event loop against the reference program's output and against answers by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers.reference_books import bin_finder
from tests.helpers.reference_loop import (
    BRANCHES,
    Cuts,
    differences,
    golden,
    golden_axes,
    loop,
    read_events,
)

DATA = Path(__file__).parent / "data"
EXPECTED = DATA / "golden_expected.json.gz"
AXES = golden_axes(EXPECTED)

TAG = {
    "muon_pt": 45.0,
    "muon_eta": 0.0,
    "muon_phi": 0.0,
    "muon_charge": 1,
    "muon_pfIso04": 0.07,
    "muon_trkIso03": 0.06,
    "muon_trk_dz": 0.5,
    "muon_isTight": True,
    "muon_isTracker": True,
    "muon_isRPC": False,
    "muon_firesIsoTrig": True,
    "muon_firesTrig": False,
    "muon_trk_origAlgo": 4,
    "muon_trk_numberOfValidPixelHits": 3,
    "muon_trk_numberOfValidTrackerLayers": 12,
    "muon_rpcMu_numberOfMatchedRPCLayers": 2,
    "muon_trkMu_stationMask": 0,
    "muon_matches_begin": 0,
    "muon_matches_end": 0,
}
# Not tight, so that a pair counts once. Segments in stations 2 and 3: 1 and 4 have two others.
PROBE = {
    **TAG,
    "muon_pt": 46.5,
    "muon_eta": 0.11,
    "muon_phi": 3.0,
    "muon_charge": -1,
    "muon_trk_dz": 0.25,
    "muon_isTight": False,
    "muon_trkMu_stationMask": 0b0110,
    "muon_matches_end": 3,
}


def match(station: int, sector: int, x: float, y: float, edge_y: float = -50.0) -> dict[str, Any]:
    """Make a match in wheel 0, well inside in x."""
    numbers = (0, sector, station, x, y, -50.0, edge_y)
    names = ("wheel", "sector", "station", "x", "y", "edgeX", "edgeY")
    return {f"muon_matches_{name}": number for name, number in zip(names, numbers, strict=True)}


def segment(
    chamber: tuple[int, int], x: float, y: float = 0.0, *, phi: int = 0, zed: int = 0
) -> dict[str, Any]:
    """Make a segment in a station and sector of wheel 0, whose views are those with hits."""
    station, sector = chamber
    return {
        "dtSegment_wheel": 0,
        "dtSegment_sector": sector,
        "dtSegment_station": station,
        "dtSegment_seg4D_posLoc_x": x,
        "dtSegment_seg4D_posLoc_y": y,
        "dtSegment_seg2D_phi_t0": 2.75,
        "dtSegment_seg4D_hasPhi": phi > 0,
        "dtSegment_seg4D_hasZed": zed > 0,
        "dtSegment_seg2D_phi_nHits": phi,
        "dtSegment_seg2D_z_nHits": zed,
    }


def event(*entries: dict[str, Any]) -> dict[str, list[Any]]:
    """Gather the entries of all collections into the columns of an event."""
    return {name: [entry[name] for entry in entries if name in entry] for name in BRANCHES}


def filled(result: dict[str, Any], *arrays: str) -> dict[str, dict[tuple[int, ...], float]]:
    """List the bins that are not empty, of all arrays or of some."""
    bins = {}
    for name, item in result.items():
        for key in set(item) - {"kind", "axes"}:
            array = np.asarray(item[key], dtype=float)
            if array.any() and (not arrays or f"{name}.{key}" in arrays):
                where = np.argwhere(array).tolist()
                bins[f"{name}.{key}"] = {tuple(i): float(array[tuple(i)]) for i in where}
    return bins


def test_loop_gives_the_golden_file() -> None:
    events = read_events(DATA / "golden_input.root")
    assert differences(loop(events, AXES), golden(EXPECTED)) == []


def test_loop_gives_the_golden_file_of_edges() -> None:
    events, expected = (
        read_events(DATA / "golden_edges.root"),
        DATA / "golden_edges_expected.json.gz",
    )
    assert differences(loop(events, golden_axes(expected)), golden(expected)) == []


def test_rntuple_holds_the_same_events() -> None:
    twin = read_events(DATA / "golden_input_rntuple.root")
    assert twin == read_events(DATA / "golden_input.root")


def test_hand_made_event() -> None:
    hand_made = event(
        TAG,
        PROBE,
        match(1, 1, 10.0, 0.0),
        match(1, 2, -30.0, 4.0, edge_y=-10.0),
        match(4, 13, 0.0, 0.0),
        # Sector 1: 4 hits, 6, 6 again but nearer, 8 too far away, 12 in another wheel.
        # The second wins: dx = 8, dy = 0, dR = 8.
        segment((1, 1), 11.0, phi=4),
        segment((1, 1), 18.0, phi=6),
        segment((1, 1), 10.5, phi=4, zed=2),
        segment((1, 1), 30.0, phi=8),
        {**segment((1, 1), 10.0, phi=8, zed=4), "dtSegment_wheel": 1},
        # Sector 2: dx = 3.5, dy = 4.5, dR = 5.7 < 8, so that this chamber stands for the station.
        # It is outside the fiducial border in y, and has no entry of its own.
        segment((1, 2), -26.5, 8.5, phi=3),
        # Sector 13: a segment without phi view, so that the probe fails in station 4.
        segment((4, 13), 0.0, zed=4),
    )
    # Mass: sqrt(2 * 45 * 46.5 (cosh 0.11 - cos 3)) = 91.40. Delta R: sqrt(0.11^2 + 3^2) = 3.002.
    once = {
        "probeNPixelHits.counts": (4,),  # 3 hits; bin 1 is 0 hits
        "probeNTrkLayers.counts": (13,),
        "probeNRPCLayers.counts": (1,),  # 0, as the probe is not isRPC
        "probeOrigAlgo.counts": (5,),
        "probeReliso.counts": (2,),  # 0.07 / 0.05
        "pairMass.counts": (42,),  # 41.4 above 50
        "pairDz.counts": (53,),  # 0.25: 5.25 / 0.1
        "probePtVsPairDr.counts": (5, 48),  # 46.5 / 10, 3.002 / 0.0628
        "effAccVsEtaMB1.passed": (27,),  # 1.31 / 0.05
        "effAccPhiVsEtaMinusMB1.passed": (94, 52),  # 6.1416 / 0.06545, 1.51 / 0.02917
        "effAccVsPhiMinusMB1.passed": (94,),
        "effAccVsPtMB1.passed": (9,),  # 40 to 50
        "effVsPtMB1.passed": (9,),
        "probeDxVsPtMB1.counts": (47, 4),
        "probeDyVsPtMB1.counts": (47, 5),
        "probeDrVsPtMB1.counts": (47, 51),  # overflow: the axis ends at 0.5
        "effSecVsWhMB1.passed": (1, 3),  # 1.5, 0.5
        "effSecVsWhAllOne.passed": (1, 5),  # 0.9, -0.1
        "effSecVsWhAllTwo.passed": (3, 1),  # 3.1, 1.1
        "t0MB1.counts": (29, 31),  # 1 + 14 * 2, 15.25 / 0.5
        "t0ProfileMB1.entries": (29,),
        "effSecVsWhMB4.total": (13, 3),  # 13.5, 0.5: not merged
        "effVsPtMB4.total": (9,),
    }
    expected = {name: {index: 1.0} for name, index in once.items()}
    for name in ("effAccVsEta", "effAccPhiVsEtaMinus", "effAccVsPhiMinus", "effAccVsPt"):
        for station in ("MB1", "MB4"):
            expected[f"{name}{station}.total"] = expected[f"{name}MB1.passed"]
    for station in ("MB1", "MB4"):
        expected[f"probePt{station}.counts"] = {(47,): 1.0}
        expected[f"probeEta{station}.counts"] = {(31,): 1.0}  # 1.31 / 0.04286
        expected[f"probePhi{station}.counts"] = {(176,): 1.0}  # 6.1416 / 0.03491
        expected[f"effVsNHitsPhi{station}.total"] = {(n,): 1.0 for n in range(1, 9)}
    expected["effVsNHitsPhiMB1.passed"] = {(n,): 1.0 for n in range(1, 7)}  # 6 phi hits
    expected["effVsPtMB1.total"] = expected["effVsPtMB1.passed"]
    expected["effSecVsWhMB1.total"] = expected["effSecVsWhMB1.passed"]
    # Sector 13 is 4 here: (4.1, 0.1) and (18.1, 4.1).
    expected["effSecVsWhAllOne.total"] = {(1, 5): 1.0, (8, 6): 1.0}
    expected["effSecVsWhAllTwo.total"] = {(3, 1): 1.0, (18, 4): 1.0}
    # Stations 2 and 3 have one other station: nothing but this plot; x = 1.31 / 0.025.
    expected["nOtherMatchedChVsEta.counts"] = {(53, 3): 2.0, (53, 2): 2.0}
    expected["t0ProfileMB1.mean"] = {(29,): 2.75}
    assert filled(loop([hand_made], AXES)) == expected


# The golden file has no event for which these matter.
@pytest.mark.parametrize(
    ("x", "cuts", "passes"),
    [
        (-14.5, Cuts(), True),  # 0.9 becomes 0: 14.5 cm
        (-14.5, Cuts(truncate=False), False),  # 15.4 cm
        (-15.0, Cuts(), False),  # strict
        (14.9, Cuts(max_dx=14.9), False),  # as float32 14.8999996, in the branch and in the cut
    ],
)
def test_passing_cut_on_dx(x: float, cuts: Cuts, passes: bool) -> None:
    one = event(TAG, PROBE, match(1, 1, 0.9, 0.0), segment((1, 1), x, phi=8))
    assert bool(filled(loop([one], AXES, cuts), "effVsPtMB1.passed")) is passes


@pytest.mark.parametrize("muons", [0, 1, 2, 50])
def test_events_without_matches(muons: int) -> None:
    result = loop([event(*[TAG, PROBE] * (muons // 2), *[TAG] * (muons % 2))], AXES)
    # Every tag takes the first probe: the tags before it have the wrong charge.
    probes = filled(result, "effAccVsEtaMB1.total").get("effAccVsEtaMB1.total", {})
    assert sum(probes.values()) == muons // 2
    assert not filled(result, "effVsPtMB1.total")


def test_wild_numbers_do_not_stop_the_loop() -> None:
    wild = [math.nan, math.inf, -math.inf, 3e38, 1e300]
    muons = [
        {**kind, "muon_eta": number, "muon_phi": number, "muon_trk_dz": number}
        for kind in (TAG, PROBE)
        for number in wild
    ]
    matches = [match(1, 1, number, number) for number in wild]
    segments = [segment((1, 1), number, number, phi=8) for number in wild]
    result = loop([event(*muons, TAG, PROBE, *matches, *segments)], AXES)
    # The one sane pair, whose probe has the first three matches; no wild segment is near them.
    efficiency = filled(result, "effVsPtMB1.total", "effVsPtMB1.passed")
    assert efficiency == {"effVsPtMB1.total": {(9,): 3.0}}


@pytest.mark.parametrize(
    ("axis", "value", "expected"),
    [
        ("effAccVsEtaMB1", -1.2, 1),
        ("effAccVsEtaMB1", -1.3, 0),
        ("effAccVsEtaMB1", 1.2, 49),
        ("effAccVsEtaMB1", math.nan, 49),
        # 48 * 0.7 / 2.4 is 13.999..., though the value is the edge itself.
        ("effAccVsEtaMB1", -0.5, 15),
        ("nOtherMatchedChVsEta", -0.875, 14),
        ("effAccVsPtMB1", 40.0, 9),
        ("effAccVsPtMB1", 750.0, 22),
    ],
)
def test_bins_follow_root(axis: str, value: float, expected: int) -> None:
    assert bin_finder(AXES[axis][1][0])(value) == expected


@pytest.mark.parametrize(
    ("axis", "value", "expected"),
    [("effAccVsEtaMB1", -0.5, 14), ("nOtherMatchedChVsEta", -0.875, 13), ("effAccVsPtMB1", 40, 9)],
)
def test_bins_follow_older_root(axis: str, value: float, expected: int) -> None:
    assert bin_finder(AXES[axis][1][0], older=True)(value) == expected


def test_differences_name_the_bin() -> None:
    expected = loop([], AXES)
    other = loop([event(TAG, PROBE)], AXES)
    assert differences(expected, expected) == []
    assert "pairMass.counts[42]: 1, expected 0" in differences(other, expected)
    assert differences({}, {"a": expected["pairMass"]}) == ["a: missing"]
