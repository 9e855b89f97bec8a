"""The eligible fraction of each chamber is what the true efficiencies around it make of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot

import dtperf
from dtperf.detector import Chamber, Place, chambers, lengths_cm, stations, widths_cm
from dtperf.diagnostics.flags.tally import ChamberTally, eligible
from tests.synthetic.samples import make

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CSC = 0.895
"""Of a muon in each endcap station that covers its eta; only ME1 and ME2 lie below 1.1."""
CSC_FROM = (0.90, 1.06, 1.16, 1.23)
MAX_ABS_ETA = np.array([1.2, 1.05, 0.9, 0.75])
DEAD = Place(0, 5)
WEAK = {"MB2 W-1 S9": 0.5, "MB1 W+2 S3": 0.7}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("eligible")
    ill = {**WEAK, **{chamber.name: 0.0 for chamber in DEAD.chambers}}
    named = ", ".join(f"{name}: {value}" for name, value in ill.items())
    detector = [f"detector.chambers={{{named}}}", "detector.efficiency=0.97"]
    make(directory, "events=250000", "seed=31", "truth_events=true", *detector)
    return directory


@pytest.fixture(scope="module")
def measured(sample: Path) -> ChamberTally:
    counts = eligible(dtperf.run(dtperf.load_config("reference_2023"), sample))
    assert counts is not None
    return counts[0].of_runs()


@pytest.fixture(scope="module")
def expected(sample: Path) -> np.ndarray:
    """Mean probability of segments in two other stations, over true fiducial crossings.

    Each station counts by the true efficiency of all that the muon crosses there: neither the
    segments nor the masks of the file are looked at.
    """
    crossings = pq.read_table(sample / "truth_crossings")
    pt, eta, event_of = _muons(sample)
    # a muon's number in its event to its row in the file
    first = np.searchsorted(event_of, crossings["event"].to_numpy())
    muon = first + crossings["muon"].to_numpy()
    codes = {chamber.name: chamber.code for chamber in chambers()}
    code = np.array([codes[name] for name in crossings["chamber"].to_pylist()])
    station = stations()[code] - 1
    missed = np.ones((len(pt), 8))
    np.multiply.at(missed, (muon, station), 1 - crossings["efficiency"].to_numpy())
    for bit, low in enumerate(CSC_FROM, start=4):
        missed[np.abs(eta) > low, bit] = 1 - CSC
    is_fiducial = (np.abs(crossings["x_cm"].to_numpy()) < widths_cm()[code] / 2 - 15) & (
        np.abs(crossings["y_cm"].to_numpy()) < lengths_cm()[code] / 2 - 15
    )
    is_fiducial &= (pt[muon] > 20) & (np.abs(eta[muon]) < MAX_ABS_ETA[station])
    found = np.zeros(len(codes))
    for at, chamber in enumerate(chambers()):
        rows = np.flatnonzero(is_fiducial & (code == chamber.code))
        others = np.delete(missed[muon[rows]], chamber.station - 1, axis=1)
        none = others.prod(axis=1)
        odds = (1 - others) / np.maximum(others, 1e-9)
        one = (np.maximum(others, 1e-9).prod(axis=1)[:, np.newaxis] * odds).sum(axis=1)
        found[at] = np.mean(1 - none - one)
    return found


def _muons(sample: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give pT, eta and the event's number of each muon in the file, events in rising order."""
    [path] = sample.glob("nano_*.root")
    with uproot.open(f"{path}:Events") as events:
        pt, eta, event = (events[name].array() for name in ("muon_pt", "muon_eta", "event"))
    counts = np.array([len(each) for each in pt])
    order = np.asarray(event)
    assert (np.diff(order.astype(np.int64)) > 0).all()
    flat = (np.concatenate([np.asarray(each) for each in column]) for column in (pt, eta))
    return (*flat, np.repeat(order, counts))


def test_every_chamber(measured: ChamberTally, expected: np.ndarray) -> None:
    error = np.sqrt(expected * (1 - expected) / measured.total)
    off = np.abs(measured.fraction - expected)
    assert (measured.total > 200).all()
    worst = chambers()[int(np.argmax(off - 4.5 * error))].name
    assert (off < 0.005 + 4.5 * error).all(), worst
    # segments of noise, scattering, and who is a probe at all are left out of what is expected
    assert abs(np.mean(measured.fraction - expected)) < 0.004
    assert np.std((measured.fraction - expected) / error) < 1.1


def test_the_dead_sector(measured: ChamberTally, expected: np.ndarray) -> None:
    dead = [chambers().index(chamber) for chamber in DEAD.chambers]
    alive = chambers().index(Chamber(0, 8, 1))
    assert (measured.fraction[dead] < 0.15).all()
    assert (expected[dead] < 0.15).all()
    assert min(measured.fraction[alive], expected[alive]) > 0.8
