from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dtperf.detector import lengths_cm, widths_cm
from dtperf.synthetic.detector import Detector
from dtperf.synthetic.segments import make_segments
from dtperf.synthetic.stages import MuonOrigin
from dtperf.synthetic.truth import EFFICIENCY_UNIT, ChamberTruth, TruthCrossings, chamber_truth
from tests.synthetic.crossings import code_of, muons_by_event, scattered, true_muons


def columns(truth):
    return truth.probes, truth.efficiency_sum, truth.reconstructed


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(columns(one), columns(other), strict=True))


def block(seed, n=20_000):
    rng = np.random.default_rng(seed)
    offsets = muons_by_event(rng.integers(0, 4, n // 2))
    n_muons = int(offsets[-1])
    muons = true_muons(
        offsets,
        kind=rng.integers(0, 3, n_muons),
        pt=rng.uniform(10, 60, n_muons),
        eta=rng.uniform(-1.4, 1.4, n_muons),
    )
    _, crossings = scattered(rng, n, border=-4)
    crossings = crossings._replace(track=np.sort(rng.integers(0, n_muons, n)))
    fraction = np.linspace(0, 1, n // 2)
    detector = Detector(ageing={"all": 0.3})
    return make_segments(rng, offsets, crossings, fraction, detector)[1], muons


def test_the_sums_are_those_of_a_plain_loop():
    truth, muons = block(1, n=4000)
    probes, reconstructed, total = {}, {}, {}
    limits = {0: 1.2, 1: 1.05, 2: 0.9, 3: 0.75}
    for _, muon, code, x, y, efficiency, found in zip(*truth, strict=True):
        if muons.kind[muon] not in (MuonOrigin.Z, MuonOrigin.CONTINUUM) or not muons.pt[muon] > 20:
            continue
        if not abs(muons.eta[muon]) < limits[code // 70]:
            continue
        if abs(x) - widths_cm()[code] / 2 < -15 and abs(y) - lengths_cm()[code] / 2 < -15:
            probes[code] = probes.get(code, 0) + 1
            reconstructed[code] = reconstructed.get(code, 0) + int(found)
            total[code] = total.get(code, 0) + efficiency
    sums = chamber_truth(truth, muons)
    assert 300 < sums.probes.sum() < 2000
    assert {c: n for c, n in enumerate(sums.probes) if n} == probes
    assert {c: sums.reconstructed[c] for c in probes} == reconstructed
    for code, expected in total.items():
        assert sums.efficiency[code] == pytest.approx(expected / probes[code], abs=EFFICIENCY_UNIT)
    assert np.isnan(sums.efficiency[sums.probes == 0]).all()


def test_the_sums_do_not_depend_on_the_order():
    truth, muons = block(2)
    order = np.random.default_rng(3).permutation(len(truth.code))
    shuffled = TruthCrossings(*(column[order] for column in truth))
    assert same(chamber_truth(truth, muons), chamber_truth(shuffled, muons))


def test_slices_of_events_add_up_in_any_order():
    truth, muons = block(4)
    n_events = len(muons.offsets) - 1
    edges = [0, 1, 17, n_events // 2, n_events]
    parts = [chamber_truth(truth, muons, slice(a, b)) for a, b in pairwise(edges)]
    whole = chamber_truth(truth, muons)
    assert same(sum(parts, ChamberTruth.empty()), whole)
    assert same(sum(reversed(parts), ChamberTruth.empty()), whole)
    assert 0 < parts[2].probes.sum() < whole.probes.sum()
    assert not chamber_truth(truth, muons, slice(0, 0)).probes.any()


def one_crossing(**changes):
    offsets = muons_by_event([1])
    code = code_of(changes.pop("chamber", "MB3 W0 S5"))
    x, y = changes.pop("x", 0.0), changes.pop("y", 0.0)
    muons = true_muons(offsets, **{name: [value] for name, value in changes.items()})
    arrays = ([0], [0], np.array([code], dtype=np.int16), [x], [y], [0.5], [True])
    return chamber_truth(TruthCrossings(*map(np.asarray, arrays)), muons).probes.sum()


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        ({}, 1),
        ({"kind": MuonOrigin.CONTINUUM}, 1),
        ({"kind": MuonOrigin.NONPROMPT}, 0),
        ({"kind": MuonOrigin.FAKE}, 0),
        ({"pt": 20.0}, 0),
        ({"pt": 20.01}, 1),
        ({"eta": -0.89}, 1),
        ({"eta": 0.9}, 0),
        ({"eta": 1.19, "chamber": "MB1 W+2 S1"}, 1),
        ({"eta": 0.76, "chamber": "MB4 W+2 S1"}, 0),
        # MB3 is 315.92 cm wide and 251.1 cm long
        ({"x": 142.95}, 1),
        ({"x": -142.97}, 0),
        ({"y": -110.54}, 1),
        ({"y": 110.56}, 0),
    ],
)
def test_what_counts_as_a_probe(change, counted):
    assert one_crossing(**change) == counted
