"""Events on the edges of the cuts, for hypothesis."""

from __future__ import annotations

from math import cos, cosh, frexp, hypot, inf, ldexp, pi, sinh, sqrt
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.helpers.reference_loop import BRANCHES, SUPERLAYERS, Cuts

__all__ = ["cuts", "events", "good_muon"]

# few chambers, so that matches and segments meet; 4 and 13 are neighbours in MB4
CHAMBERS = ((1, 0, 4), (2, 0, 4), (4, 0, 4), (4, 0, 13))
POSITIONS = (-15.9, -1.0, -0.5, 0.0, 0.999, 14.0, 15.0, 15.5, 30.0)
MUON_MASS = 0.106
HIGH_PT = 200.0


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


def _few_bits(low: float, high: float, bits: int = 9) -> st.SearchStrategy[float]:
    """Draw numbers as NanoAOD stores them, with a rounded mantissa: edges and cuts are frequent."""

    def rounded(value: float) -> float:
        mantissa, exponent = frexp(value)
        return ldexp(round(mantissa * 2**bits), exponent - bits)

    return st.floats(low, high).map(rounded)


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
        four_vector=st.booleans(),
        older_bins=st.booleans(),
        tag_iso=st.sampled_from(["pf", "tracker"]),
        probe_iso=st.sampled_from(["pf", "tracker"]),
        charge=st.sampled_from(["opposite", "opposite", "same"]),
        unique_probe=st.booleans(),
        border=st.sampled_from(["chamber", "superlayers"]),
        choice=st.sampled_from(["most_hits", "nearest"]),
    )


@st.composite
def events(draw: st.DrawFn, limits: Cuts) -> dict[str, list[Any]]:
    """Draw one event as branch name to list.

    Most of it is a good pair with matched segments: at most two things of an object are drawn
    anew, so that cuts are met one by one.
    """
    columns: dict[str, list[Any]] = {name: [] for name in BRANCHES}
    n_muons = draw(st.integers(0, 4))
    for number in range(n_muons):
        pt = draw(st.floats(40, 52, width=32) | _few_bits(40, 52))
        good = {**good_muon(number), "muon_pt": pt}
        _add(columns, draw(_changed(good, _muon_values(limits))))
    if n_muons >= 2 and draw(st.booleans()):
        _tune_mass(columns, draw(_beside(limits.min_mass, limits.max_mass)))
    for _ in range(n_muons):
        columns["muon_matches_begin"].append(len(columns["muon_matches_x"]))
        for chamber in draw(st.lists(st.sampled_from(CHAMBERS), max_size=5)):
            good = _placed("muon_matches", chamber, GOOD_MATCH)
            _add(columns, draw(_changed(good, _match_values(limits))))
        columns["muon_matches_end"].append(len(columns["muon_matches_x"]))
    for chamber in draw(st.lists(st.sampled_from(CHAMBERS), max_size=8)):
        _add(columns, _placed("dtSegment", chamber, draw(_segment(limits))))
    return columns


GOOD_MATCH = {
    "muon_matches_x": 0.0,
    "muon_matches_y": 0.0,
    "muon_matches_edgeX": -100.0,
    "muon_matches_edgeY": -100.0,
}


def good_muon(number: int) -> dict[str, Any]:
    """Make a muon that is a tag and a probe; neighbours are a pair under the Z."""
    odd = number % 2
    return {
        "muon_pt": 46.0,
        "muon_eta": 0.0,
        "muon_phi": 3.0 * odd,
        "muon_charge": 1 - 2 * odd,
        "muon_pfIso04": 0.01,
        "muon_trkIso03": 0.02,
        "muon_trk_dz": 0.0,
        "muon_isTight": True,
        "muon_isTracker": True,
        "muon_isRPC": True,
        "muon_firesIsoTrig": True,
        "muon_firesTrig": True,
        "muon_trk_origAlgo": 4,
        "muon_trk_numberOfValidPixelHits": 3,
        "muon_trk_numberOfValidTrackerLayers": 12,
        "muon_rpcMu_numberOfMatchedRPCLayers": 2,
        "muon_trkMu_stationMask": 0b1111,
    }


def _placed(
    collection: str, chamber: tuple[int, int, int], values: dict[str, Any]
) -> dict[str, Any]:
    place = zip(("station", "wheel", "sector"), chamber, strict=True)
    return {**values, **{f"{collection}_{name}": number for name, number in place}}


@st.composite
def _changed(
    draw: st.DrawFn, good: dict[str, Any], values: dict[str, st.SearchStrategy[Any]]
) -> dict[str, Any]:
    """Draw up to two of the values anew."""
    names = draw(st.lists(st.sampled_from(sorted(values)), max_size=2))
    return {**good, **{name: draw(values[name]) for name in names}}


def _add(columns: dict[str, list[Any]], values: dict[str, Any]) -> None:
    for name, value in values.items():
        columns[name].append(value)


def _tune_mass(columns: dict[str, list[Any]], mass: float) -> None:
    """Set the second muon's pT so that the first pair's mass is a value, to the last bit."""
    tag, probe = ([columns[f"muon_{name}"][i] for name in ("pt", "eta", "phi")] for i in (0, 1))
    # at high momentum the last bit of the mass depends on the order of the operations
    low, high = 1.0, HIGH_PT
    if not _mass(*tag, low, *probe[1:]) < mass < _mass(*tag, high, *probe[1:]):
        return
    for _ in range(60):
        middle = (low + high) / 2
        if _mass(*tag, middle, *probe[1:]) < mass:
            low = middle
        else:
            high = middle
    columns["muon_pt"][1] = float(np.float32(middle))


def _mass(pt1: float, eta1: float, phi1: float, pt2: float, eta2: float, phi2: float) -> float:
    energies = [hypot(pt * cosh(eta), MUON_MASS) for pt, eta in ((pt1, eta1), (pt2, eta2))]
    product = pt1 * pt2 * (cos(phi1 - phi2) + sinh(eta1) * sinh(eta2))
    return sqrt(2 * (MUON_MASS**2 + energies[0] * energies[1] - product))


def _muon_values(limits: Cuts) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "muon_pt": _beside(limits.tag_min_pt, limits.probe_min_pt, 46.5, 60.0) | _few_bits(0, 210),
        "muon_eta": _beside(0.0, -0.5, 0.11, -1.2, -0.875, *limits.probe_max_abs_eta)
        | _few_bits(-1.4, 1.4, 6),
        "muon_phi": _beside(0.0, 0.3, limits.min_dr, 3.0, -3.0, pi, -pi) | _few_bits(-pi, pi),
        "muon_charge": st.sampled_from([1, -1]),
        "muon_pfIso04": _beside(limits.tag_max_iso, limits.probe_max_iso) | _few_bits(0, 5, 6),
        "muon_trkIso03": _beside(limits.tag_max_iso, limits.probe_max_iso) | _few_bits(0, 5, 6),
        "muon_trk_dz": _beside(limits.max_abs_dz_pair, -limits.max_abs_dz_pair)
        | _few_bits(-5, 5, 6),
        "muon_isTight": st.just(False),
        "muon_isTracker": st.just(False),
        "muon_isRPC": st.just(False),
        "muon_firesIsoTrig": st.just(False),
        "muon_firesTrig": st.just(False),
        "muon_trk_origAlgo": st.sampled_from([14, -1]),
        "muon_trk_numberOfValidPixelHits": st.integers(0, 2),
        "muon_trk_numberOfValidTrackerLayers": st.integers(5, 7),
        "muon_rpcMu_numberOfMatchedRPCLayers": st.sampled_from([0, 2, 3, 9, 10]),
        "muon_trkMu_stationMask": st.integers(0, 255),
    }


def _match_values(limits: Cuts) -> dict[str, st.SearchStrategy[Any]]:
    # on the border that the superlayers draw, of whatever chamber
    borders = [
        (middle + sign * (width / 2 + limits.border_x), sign * (length / 2 + limits.border_y))
        for phi, length in SUPERLAYERS.values()
        for middle, width in phi
        for sign in (-1, 1)
    ]
    xs, ys = zip(*borders, strict=True)
    return {
        "muon_matches_x": _beside(*POSITIONS) | _beside(*xs),
        "muon_matches_y": _beside(*POSITIONS) | _beside(*ys),
        "muon_matches_edgeX": _beside(limits.border_x),
        "muon_matches_edgeY": _beside(limits.border_y),
    }


@st.composite
def _segment(draw: st.DrawFn, limits: Cuts) -> dict[str, Any]:
    """Draw a segment with one or two views, near a crossing or at the limit of the view it has."""
    has_phi, has_zed = draw(st.sampled_from([(True, True), (True, False), (False, True)]))
    x, y = draw(st.sampled_from([(0.0, 0.0), (2.5, 0.0), (0.0, 2.5), (-2.5, 0.0)]))
    if not has_zed and draw(st.booleans()):
        x = draw(_beside(limits.max_dx, -limits.max_dx, limits.max_dr, *POSITIONS))
    if not has_phi and draw(st.booleans()):
        y = draw(_beside(limits.max_dy, -limits.max_dy, limits.max_dr, *POSITIONS))
    return {
        "dtSegment_seg4D_posLoc_x": x,
        "dtSegment_seg4D_posLoc_y": y,
        "dtSegment_seg2D_phi_t0": draw(
            st.sampled_from([0.3, -3.0]) | _beside(-12.5, 12.5) | _few_bits(-13, 13, 6)
        ),
        "dtSegment_seg4D_hasPhi": has_phi,
        "dtSegment_seg4D_hasZed": has_zed,
        "dtSegment_seg2D_phi_nHits": draw(st.sampled_from([4, 8, 8, 0])),
        "dtSegment_seg2D_z_nHits": draw(st.sampled_from([4, 4, 3, 0])),
    }
