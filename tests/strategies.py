"""Events on the edges of the cuts, for hypothesis."""

from __future__ import annotations

from math import cos, cosh, inf
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.reference_loop import BRANCHES, Cuts

__all__ = ["cuts", "events"]

# few chambers, so that matches and segments meet; 4 and 13 are neighbours in MB4
CHAMBERS = ((1, 0, 4), (2, 0, 4), (3, -1, 4), (4, 0, 4), (4, 0, 13))
POSITIONS = (-15.9, -1.0, -0.5, 0.0, 0.999, 14.0, 15.0, 15.5, 30.0)
MUON_MASS = 0.106


def _beside(*values: float) -> st.SearchStrategy[float]:
    """Draw one of the values or its neighbours in single precision."""
    neighbours = [
        float(x)
        for value in values
        for x in (
            np.nextafter(np.float32(value), np.float32(-inf)),
            np.float32(value),
            np.nextafter(np.float32(value), np.float32(inf)),
        )
    ]
    return st.sampled_from(neighbours)


def cuts() -> st.SearchStrategy[Cuts]:
    """Draw cut values, the reference's among them."""
    return st.builds(
        Cuts,
        min_mass=st.sampled_from([81.0, 60.1, 90.7]),
        max_mass=st.sampled_from([101.0, 120.3, 91.3]),
        max_abs_dz_pair=st.sampled_from([1.0, 0.1, 2.5]),
        min_dr=st.sampled_from([0.3, 0.0, 3.0]),
        tag_iso_trigger=st.booleans(),
        tag_min_pt=st.sampled_from([27.0, 20.0, 45.5]),
        probe_min_pt=st.sampled_from([20.0, 0.0, 45.5]),
        probe_max_abs_eta=st.sampled_from([(1.2, 1.05, 0.9, 0.75), (0.1, 2.0, 0.1, 2.0)]),
        probe_min_layers=st.sampled_from([6, 0]),
        probe_min_pixel_hits=st.sampled_from([1, 0]),
        min_other_stations=st.integers(0, 4),
        min_rpc_layers=st.sampled_from([10, 0, 3]),
        border_x=st.sampled_from([-15.0, 0.0, 5.0]),
        border_y=st.sampled_from([-15.0, 0.0, 5.0]),
        max_dx=st.sampled_from([15.0, 0.1, 30.0]),
        max_dy=st.sampled_from([15.0, 0.1, 30.0]),
        max_dr=st.sampled_from([999.0, 15.0, 20.1]),
        truncate=st.booleans(),
    )


@st.composite
def events(draw: st.DrawFn, limits: Cuts) -> dict[str, list[Any]]:
    """Draw one event as branch name to list."""
    columns: dict[str, list[Any]] = {name: [] for name in BRANCHES}
    for _ in range(draw(st.integers(0, 5))):
        _add(columns, draw(_muons(limits)))
    n_muons = len(columns["muon_pt"])
    if n_muons >= 2 and draw(st.booleans()):
        _tune_mass(columns, draw(_beside(limits.min_mass, limits.max_mass)))
    for _muon in range(n_muons):
        columns["muon_matches_begin"].append(len(columns["muon_matches_x"]))
        for _ in range(draw(st.integers(0, 5))):
            _add(columns, draw(_matches(limits)))
        columns["muon_matches_end"].append(len(columns["muon_matches_x"]))
    for _ in range(draw(st.integers(0, 8))):
        _add(columns, draw(_segments()))
    return columns


def _add(columns: dict[str, list[Any]], values: dict[str, Any]) -> None:
    for name, value in values.items():
        columns[name].append(value)


def _tune_mass(columns: dict[str, list[Any]], mass: float) -> None:
    """Set the second muon's pT so that the first pair's mass is close to a value."""
    deta = columns["muon_eta"][0] - columns["muon_eta"][1]
    dphi = columns["muon_phi"][0] - columns["muon_phi"][1]
    slope = 2 * columns["muon_pt"][0] * (cosh(deta) - cos(dphi))
    if slope > 1:
        columns["muon_pt"][1] = float(np.float32((mass**2 - 2 * MUON_MASS**2) / slope))


def _muons(limits: Cuts) -> st.SearchStrategy[dict[str, Any]]:
    mostly = st.sampled_from([True, True, True, False])
    eta = [0.0, -0.5, 0.11, *limits.probe_max_abs_eta]
    return st.fixed_dictionaries(
        {
            "muon_pt": _beside(limits.tag_min_pt, limits.probe_min_pt, 45.6, 46.5, 60.0),
            "muon_eta": _beside(*eta, -1.2),
            "muon_phi": _beside(0.0, 0.3, 3.0, -3.0, 3.14159265359),
            "muon_charge": st.sampled_from([1, -1]),
            "muon_pfIso04": _beside(0.0, 0.15, 0.05),
            "muon_trk_dz": _beside(0.0, limits.max_abs_dz_pair, 0.1),
            "muon_isTight": mostly,
            "muon_isTracker": mostly,
            "muon_isRPC": mostly,
            "muon_firesIsoTrig": mostly,
            "muon_firesTrig": mostly,
            "muon_trk_origAlgo": st.sampled_from([4, 4, 14, -1]),
            "muon_trk_numberOfValidPixelHits": st.sampled_from([0, 1, 3]),
            "muon_trk_numberOfValidTrackerLayers": st.sampled_from([5, 6, 12]),
            "muon_rpcMu_numberOfMatchedRPCLayers": st.sampled_from([0, 2, 9, 10]),
            "muon_trkMu_stationMask": st.integers(0, 255),
        }
    )


@st.composite
def _matches(draw: st.DrawFn, limits: Cuts) -> dict[str, Any]:
    station, wheel, sector = draw(st.sampled_from(CHAMBERS))
    return {
        "muon_matches_station": station,
        "muon_matches_wheel": wheel,
        "muon_matches_sector": sector,
        "muon_matches_x": draw(_beside(*POSITIONS)),
        "muon_matches_y": draw(_beside(*POSITIONS)),
        "muon_matches_edgeX": draw(_beside(limits.border_x, -100.0)),
        "muon_matches_edgeY": draw(_beside(limits.border_y, -100.0)),
    }


@st.composite
def _segments(draw: st.DrawFn) -> dict[str, Any]:
    station, wheel, sector = draw(st.sampled_from(CHAMBERS))
    return {
        "dtSegment_station": station,
        "dtSegment_wheel": wheel,
        "dtSegment_sector": sector,
        "dtSegment_seg4D_posLoc_x": draw(_beside(*POSITIONS)),
        "dtSegment_seg4D_posLoc_y": draw(_beside(*POSITIONS)),
        "dtSegment_seg2D_phi_t0": draw(_beside(-999.0, -12.5, 0.3, 12.5)),
        "dtSegment_seg4D_hasPhi": draw(st.sampled_from([True, True, False])),
        "dtSegment_seg4D_hasZed": draw(st.sampled_from([True, True, False])),
        "dtSegment_seg2D_phi_nHits": draw(st.sampled_from([0, 3, 4, 8])),
        "dtSegment_seg2D_z_nHits": draw(st.sampled_from([0, 3, 4])),
    }
