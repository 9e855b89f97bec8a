"""Trigger primitives by the definitions of CMS, from the columns alone."""

from __future__ import annotations

import numpy as np
import pytest

from dtperf.detector import centres_cm, chamber_codes, facings
from tests.synthetic.content import Sample, sample

PHI = ("ltTwinMuxIn", "ltTwinMuxOut", "ltBmtfIn")
THETA = ("ltTwinMuxInTh", "ltBmtfInTh")


@pytest.fixture(scope="module")
def made() -> Sample:
    return sample()


def primitives(made, name):
    names = (
        "wheel",
        "sector",
        "station",
        "quality",
        "bx",
        "is2nd",
        "phi",
        "phiB",
        "posLoc_x",
        "dirLoc_phi",
    )
    return dict(zip(names, made.get(*(f"{name}_{n}" for n in names)), strict=True))


def reco_codes(made, name):
    """Find the chambers that CMS assigns primitives to, see MuNtupleUtils.cc."""
    p = primitives(made, name)
    sector = p["sector"] + ("Bmtf" in name)
    second = (p["station"] == 4) & (p["phi"] > 0)
    sector = np.where(second & (sector == 4), 13, np.where(second & (sector == 10), 14, sector))
    return chamber_codes(p["wheel"], sector, p["station"])


@pytest.mark.parametrize("name", PHI + THETA)
def test_bmtf_counts_sectors_from_0_and_twin_mux_from_1(made, name):
    first = 0 if "Bmtf" in name else 1
    assert set(made.get(f"{name}_sector")[0]) == set(range(first, first + 12))


@pytest.mark.parametrize("name", PHI)
def test_position_and_direction_are_what_cms_makes_of_phi(made, name):
    p = primitives(made, name)
    code = reco_codes(made, name)
    x, y, _ = centres_cm()[code].T
    radius = np.hypot(x, y)
    delta = np.arctan2(y, x) - np.radians(30) * (p["sector"] - (0 if "Bmtf" in name else 1))
    phi = p["phi"]
    position = radius * np.tan((phi - (phi < 0)) / 4096) * np.cos(delta) - radius * np.sin(delta)
    direction = p["phiB"] / 512 + phi / 4096
    positive = facings()[code] > 0
    assert p["posLoc_x"] == pytest.approx(np.where(positive, -position, position), abs=1e-3)
    assert p["dirLoc_phi"] == pytest.approx(np.where(positive, direction, -direction), abs=1e-6)


@pytest.mark.parametrize("name", PHI)
def test_primitives_are_near_a_segment_of_their_chamber(made, name):
    """Match as a resolution is measured; bounds are five times the truth of the generator."""
    p, code, event = primitives(made, name), reco_codes(made, name), made.events(name)
    x, dx, dz = made.get(*(f"dtSegment_seg4D_{n}" for n in ("posLoc_x", "dirLoc_x", "dirLoc_z")))
    has_phi = made.get("dtSegment_seg4D_hasPhi")[0].astype(bool)
    of_segment = made.events("dtSegment")[has_phi] * 512 + made.codes("dtSegment")[has_phi]
    x, slope = x[has_phi], (dx / dz)[has_phi]
    order = np.argsort(of_segment, kind="stable")
    low = np.searchsorted(of_segment[order], event * 512 + code, "left")
    high = np.searchsorted(of_segment[order], event * 512 + code, "right")
    assert (high > low).all()
    alone = high - low == 1
    at = order[low[alone]]
    correlated = p["quality"][alone] >= 4
    dx_, dphi = p["posLoc_x"][alone] - x[at], np.tan(p["dirLoc_phi"][alone]) - slope[at]
    for which, cm, direction in ((correlated, 0.08, 0.008), (~correlated, 0.2, 0.03)):
        assert np.abs(dx_[which]).max() < 6 * np.hypot(cm, 0.15)
        assert np.abs(np.median(dx_[which])) < 0.02
        assert np.abs(dphi[which]).max() < 8 * direction
        assert dx_[which].std() == pytest.approx(cm, abs=0.05)


def test_quality_counts_the_hits_of_the_two_superlayers(made):
    """Take events and chambers with one segment and one primitive."""
    parent = made.parents("hits")
    (superlayer,) = made.get("dtSegment_hits_superLayer")
    inner, outer = (
        np.bincount(parent[superlayer == s], minlength=len(made.events("dtSegment")))
        for s in (1, 3)
    )
    segment = made.events("dtSegment") * 512 + made.codes("dtSegment")
    primitive = made.events("ltTwinMuxIn") * 512 + reco_codes(made, "ltTwinMuxIn")
    (quality,) = made.get("ltTwinMuxIn_quality")
    alone = [
        k[np.isin(k, u[c == 1])]
        for k in (segment, primitive)
        for u, c in [np.unique(k, return_counts=True)]
    ]
    both = np.intersect1d(*alone)
    of_segment = np.flatnonzero(np.isin(segment, both))
    of_segment = of_segment[np.argsort(segment[of_segment])]
    of_primitive = np.flatnonzero(np.isin(primitive, both))
    of_primitive = of_primitive[np.argsort(primitive[of_primitive])]
    names = {(3, 3): 4, (3, 4): 5, (4, 3): 5, (4, 4): 6}
    for i, o, q in zip(inner[of_segment], outer[of_segment], quality[of_primitive], strict=True):
        expected = names.get((int(i), int(o)), 2 * (max(i, o) == 4) + (i > o))
        assert q == expected
    assert len(both) > 1000
    assert set(quality) == set(range(7))


def test_chambers_without_three_hits_in_a_superlayer_are_silent(made):
    parent = made.parents("hits")
    (superlayer,) = made.get("dtSegment_hits_superLayer")
    n = len(made.events("dtSegment"))
    most = np.maximum(*(np.bincount(parent[superlayer == s], minlength=n) for s in (1, 3)))
    able = np.unique((made.events("dtSegment") * 512 + made.codes("dtSegment"))[most >= 3])
    fired = made.events("ltTwinMuxIn") * 512 + reco_codes(made, "ltTwinMuxIn")
    assert np.isin(fired, able).all()
    assert np.isin(able, fired).mean() == pytest.approx(0.96, abs=0.015)


@pytest.mark.parametrize("name", PHI)
def test_a_chamber_has_at_most_two_primitives_a_crossing_and_the_second_is_marked(made, name):
    p = primitives(made, name)
    place = np.stack(
        (made.events(name), p["wheel"], p["sector"], p["station"], p["bx"], p["is2nd"])
    )
    assert len(np.unique(place, axis=1).T) == len(place.T)
    groups, index = np.unique(place[:5], axis=1, return_inverse=True)
    seconds = np.bincount(index.ravel(), weights=p["is2nd"], minlength=len(groups.T))
    assert np.array_equal(np.bincount(index.ravel()) - 1, seconds)
    assert seconds.sum() > 10


def test_twin_mux_adds_rpc_hits_primitives_of_the_rpcs_alone_and_bunch_crossings(made):
    p, (rpc_bit,) = primitives(made, "ltTwinMuxOut"), made.get("ltTwinMuxOut_rpcBit")
    assert set(rpc_bit) == {0, 1, 2}
    alone = rpc_bit == 2
    assert alone.sum() > 50
    assert set(p["station"][alone]) == {1, 2}
    assert set(p["quality"][alone]) == {3}
    assert not p["bx"][rpc_bit > 0].any()
    # in chambers where the DT trigger was silent
    fired, out = (
        made.events(name) * 512 + reco_codes(made, name) for name in ("ltTwinMuxIn", "ltTwinMuxOut")
    )
    assert not np.isin(out[alone], fired).any()
    assert np.isin(out[~alone], fired).all()
    in_time = [np.mean(made.get(f"{name}_bx")[0] == 0) for name in ("ltTwinMuxIn", "ltTwinMuxOut")]
    assert 0.9 < in_time[0] < in_time[1] < 1


def test_bmtf_gets_what_twin_mux_sends(made):
    for one, other in (("ltTwinMuxOut", "ltBmtfIn"), ("ltTwinMuxInTh", "ltBmtfInTh")):
        names = ("wheel", "station", "bx") + (
            ("phi", "phiB", "quality") if one in PHI else ("hitMap",)
        )
        for name in names:
            assert np.array_equal(*(made.get(f"{c}_{name}")[0] for c in (one, other)))
        sectors = [made.get(f"{c}_sector")[0] for c in (one, other)]
        assert np.array_equal(sectors[0] - 1, sectors[1])


def test_theta_primitives_are_one_a_chamber_and_crossing_where_there_is_a_theta_view(made):
    names = ("wheel", "sector", "station", "bx")
    columns = made.get(*(f"ltTwinMuxInTh_{n}" for n in names))
    place = np.stack((made.events("ltTwinMuxInTh"), *columns))
    assert len(np.unique(place, axis=1).T) == len(place.T)
    has_zed = made.get("dtSegment_seg4D_hasZed")[0].astype(bool)
    segments = (made.events("dtSegment") * 512 + made.codes("dtSegment"))[has_zed]
    fired = made.events("ltTwinMuxInTh") * 512 + chamber_codes(*columns[:3])
    assert np.isin(fired, segments).all()
    assert np.isin(np.unique(segments), fired).mean() == pytest.approx(0.9, abs=0.02)
