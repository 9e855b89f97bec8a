"""RPC content by the definitions of CMS, from the columns alone."""

from __future__ import annotations

import numpy as np
import pytest

from dtperf.synthetic.content_rolls import barrel_rolls
from tests.synthetic.content import Sample, sample

PLACE = ("region", "ring", "station", "layer", "sector", "subsector", "roll")


@pytest.fixture(scope="module")
def made() -> Sample:
    return sample()


def test_the_barrel_has_1020_rolls_each_with_its_number():
    assert len(np.unique(barrel_rolls().roll["rawId"])) == len(barrel_rolls().strips) == 1020


@pytest.mark.parametrize("collection", ["rpcDigi", "rpcRecHit", "dtToRpc", "cscToRpc"])
def test_raw_ids_name_the_roll(made, collection):
    """Unpack the bits of CMSSW's RPCDetId; wheels are stored with an offset of 3."""
    (raw,) = made.get(f"{collection}_rawId")
    assert set(raw >> 28) == {2}  # DetId::Muon
    assert set(raw >> 25 & 7) == {3}  # MuonSubdetId::RPC
    ring = np.where((raw & 3) == 1, (raw >> 2 & 7) - 5, (raw >> 2 & 7) + 1)
    fields = ((raw & 3) - 1, ring, (raw >> 5 & 3) + 1, (raw >> 11 & 1) + 1)
    fields += ((raw >> 7 & 15) + 1, (raw >> 12 & 7) + 1, raw >> 15 & 7)
    for name, unpacked in zip(PLACE, fields, strict=True):
        assert np.array_equal(unpacked, made.get(f"{collection}_{name}")[0]), name


@pytest.mark.parametrize("collection", ["rpcDigi", "rpcRecHit", "dtToRpc"])
def test_rolls_of_the_barrel_exist(made, collection):
    (raw,) = made.get(f"{collection}_rawId")
    assert np.isin(raw, barrel_rolls().roll["rawId"]).all()
    # hits of noise are everywhere, and so are segments
    assert len(np.unique(raw)) > 1000


def strips_and_pitches(raw):
    rolls = barrel_rolls()
    order = np.argsort(rolls.roll["rawId"])
    at = order[np.searchsorted(rolls.roll["rawId"][order], raw)]
    return rolls.strips[at], rolls.pitch[at]


def test_a_hit_is_in_the_middle_of_its_strips_and_each_of_them_is_a_digi(made):
    names = ("rawId", "firstClusterStrip", "clusterSize", "bx", "coordX", "coordY", "time")
    raw, first, size, bx, x, y, time = made.get(*(f"rpcRecHit_{n}" for n in names))
    strips, pitch = strips_and_pitches(raw)
    assert (first >= 1).all()
    assert (first + size - 1 <= strips).all()
    np.testing.assert_allclose(x, (first - 1 + size / 2 - strips / 2) * pitch, atol=1e-4)
    assert not y.any()
    assert not time.any()
    digi = np.stack(
        (made.events("rpcDigi"), *made.get("rpcDigi_rawId", "rpcDigi_bx", "rpcDigi_strip"))
    )
    rows = np.repeat(np.arange(len(raw)), size)
    strip = first[rows] + np.arange(len(rows)) - np.repeat(np.cumsum(size) - size, size)
    expected = np.stack((made.events("rpcRecHit")[rows], raw[rows], bx[rows], strip))
    assert np.array_equal(*(a[:, np.lexsort(a)] for a in (digi, expected)))


def test_points_of_segments_are_found_by_hits_as_often_as_the_truth_says(made):
    """Measure the efficiency as RPC analyses do, within four strips and half a cluster."""
    raw, x = made.get("rpcRecHit_rawId", "rpcRecHit_coordX")
    (bx,) = made.get("rpcRecHit_bx")
    (size,) = made.get("rpcRecHit_clusterSize")
    event = made.events("rpcRecHit")
    wanted, point = made.get("dtToRpc_rawId", "dtToRpc_coordX")
    found = np.zeros(len(wanted), dtype=bool)
    key, wanted_key = event << 32 | raw, made.events("dtToRpc") << 32 | wanted
    order = np.argsort(key, kind="stable")
    low, high = (np.searchsorted(key[order], wanted_key, side) for side in ("left", "right"))
    for i in range(len(wanted)):
        at = order[low[i] : high[i]]
        found[i] = (np.abs(x[at] - point[i]) <= (4 + 0.5 * size[at]) * 3).any()
    assert found.mean() == pytest.approx(0.95, abs=4 * (0.95 * 0.05 / len(found)) ** 0.5)
    assert np.mean(bx == 0) < 0.95  # noise is anywhere in seven crossings


def test_only_segments_of_both_views_alone_in_their_chamber_are_extrapolated(made):
    station, sector, ring = made.get("dtToRpc_station", "dtToRpc_sector", "dtToRpc_ring")
    event = made.events("dtToRpc")
    has = np.logical_and(*made.get("dtSegment_seg4D_hasPhi", "dtSegment_seg4D_hasZed"))
    code, of = made.codes("dtSegment"), made.events("dtSegment")
    chamber, counts = np.unique(of * 512 + code, return_counts=True)
    alone = np.isin(of * 512 + code, chamber[counts == 1])
    wheel, s, st = made.get("dtSegment_wheel", "dtSegment_sector", "dtSegment_station")
    inner = station < 4
    able = (of * 64 + wheel + 2) * 64 + s * 4 + st - 1
    points = (event * 64 + ring + 2) * 64 + sector * 4 + station - 1
    assert np.isin(points[inner], able[has & alone]).all()
    assert np.isin(able[has & alone & (np.bincount(of)[of] <= 8)], points).mean() > 0.95
    assert np.bincount(of)[event].max() <= 8
    assert 0.1 < np.mean(~inner) < 0.4
    y = made.get("dtToRpc_coordY")[0]
    assert np.abs(y).max() < 64
    assert len(np.unique(y[~inner])) > 1000  # MB4 has no theta view: MB3 tells
