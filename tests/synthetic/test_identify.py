from __future__ import annotations

import numpy as np
import pytest

from dtperf.nanoaod import branch_table
from dtperf.synthetic import track_hits
from dtperf.synthetic.identify import identify
from dtperf.synthetic.luminosity import make_events
from dtperf.synthetic.physics import Physics, make_muons
from dtperf.synthetic.stages import MuonOrigin, TrueMuons
from dtperf.synthetic.tracks import BEND_PER_CM, MISSING, reconstruct

FROM_TRACKS = {"pt", "eta", "phi", "charge", "trk_dxy", "trk_dz"}
LINKS = {"nMatches", "matches_begin", "matches_end", "staMatches_begin", "staMatches_end"}


class Sample:
    """Muons of 5,000 events that cross all four DT stations where |eta| < 1."""

    def __init__(self, seed=1, **physics):
        n = 5000
        events = make_events(0, n, total_events=n, runs=1, first_run=1, lumi_blocks_per_run=10)
        rng = np.random.default_rng(seed)
        self.muons: TrueMuons = make_muons(rng, events, Physics(**physics))
        self.tracks = reconstruct(rng, self.muons)
        self.fake = self.muons.kind == MuonOrigin.FAKE
        self.prompt = self.muons.kind <= MuonOrigin.CONTINUUM
        in_dt = ~self.fake & (np.abs(self.muons.eta) < 1.0)
        self.dt_mask = np.where(in_dt, 0b1111, 0).astype(np.uint8)
        segments = np.bitwise_count(self.dt_mask).astype(np.int64)
        columns = identify(rng, self.muons, self.tracks, self.dt_mask, segments)
        self.columns = {name.removeprefix("muon_"): values for name, values in columns.items()}

    def __getitem__(self, name):
        return self.columns[name]


@pytest.fixture(scope="module")
def sample():
    return Sample(mean_nonprompt=2)


def test_columns_are_those_of_the_table_with_their_types(sample):
    expected = {
        branch.name.removeprefix("muon_"): np.dtype(branch.dtype)
        for branch in branch_table("B").values()
        if branch.collection == "muon" and not branch.is_counter
    }
    expected = {n: t for n, t in expected.items() if n not in FROM_TRACKS | LINKS}

    assert {name: values.dtype for name, values in sample.columns.items()} == expected
    assert {values.shape for values in sample.columns.values()} == {sample.muons.pt.shape}


@pytest.mark.parametrize("table", ["ALGORITHMS", "PIXEL_HITS", "LAYERS"])
def test_shares_are_per_mille(table):
    assert getattr(track_hits, table).shape[1] == 1000


def test_the_same_random_numbers_give_the_same_columns():
    one, other = Sample(seed=3), Sample(seed=3)

    for name, values in one.columns.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


def test_without_inner_track_the_ntuple_says_so(sample):
    missing = ~sample.tracks.exists

    assert missing.any()
    for name in (
        "trk_algo",
        "trk_origAlgo",
        "trk_numberOfValidPixelHits",
        "trk_numberOfValidTrackerLayers",
        "trk_validFraction",
    ):
        np.testing.assert_array_equal(sample[name] == -1, missing, err_msg=name)
    assert not (sample["isTracker"] | sample["isGlobal"] | sample["isTight"])[missing].any()
    assert sample["isStandalone"][missing].all()


def test_types_of_muons_imply_each_other(sample):
    assert (sample["isStandalone"] | ~sample["isGlobal"]).all()
    assert (sample["isLoose"] | ~sample["isMedium"]).all()
    tight = sample["isTight"]
    assert (sample["isLoose"] & sample["isGlobal"])[tight].all()
    assert (sample["trk_numberOfValidPixelHits"][tight] >= 1).all()
    assert (sample["trk_numberOfValidTrackerLayers"][tight] >= 6).all()
    assert (sample["trkMu_numberOfMatchedStations"][tight] >= 2).all()
    assert (np.abs(sample.tracks.dxy[tight]) < 0.2).all()
    np.testing.assert_array_equal(sample["isRPC"], sample["rpcMu_numberOfMatchedRPCLayers"] >= 2)


def test_prompt_muons_are_identified_and_fakes_are_not(sample):
    central = sample.prompt & (np.abs(sample.muons.eta) < 1.0)

    assert np.mean(sample["isTight"][central]) > 0.93
    assert np.mean(sample["isTracker"][central]) > 0.985
    assert not sample["isTight"][sample.fake].any()
    assert 0.05 < np.mean(sample["isTracker"][sample.fake]) < 0.15


def test_charge_and_mass_agree_with_the_particle(sample):
    np.testing.assert_array_equal(sample["pdgId"], -13 * sample.tracks.charge)
    np.testing.assert_allclose(sample["mass"], 0.105658, rtol=1e-5)


def test_isolation_tells_prompt_muons_from_others(sample):
    isolated = sample["pfIso04"] < 0.15

    assert np.mean(isolated[sample.prompt]) > 0.95
    assert np.mean(isolated[sample.muons.kind == MuonOrigin.NONPROMPT]) < 0.25
    assert 0.35 < np.mean(isolated[sample.fake]) < 0.55
    for name in ("pfIso04", "trkIso03"):
        assert not (sample[name].view(np.uint32) & ((1 << 17) - 1)).any()
        assert sample[name].min() >= 0
    assert (sample["trkIso03"] <= sample["pfIso04"]).all()


def test_isolated_trigger_turns_on_at_24_gev_for_isolated_real_muons(sample):
    fires, pt = sample["firesIsoTrig"], sample.muons.pt

    isolated = sample.prompt & (sample["pfIso04"] < 0.15)
    assert np.mean(fires[isolated & (pt > 27)]) == pytest.approx(0.92, abs=0.015)
    assert not fires[pt < 19].any()
    assert not fires[sample.fake].any()
    assert not fires[sample["pfIso04"] > 0.21].any()
    turn_on = isolated & (np.abs(pt - 24) < 0.5)
    assert 0.3 < np.mean(fires[turn_on]) < 0.6


def test_single_trigger_turns_on_at_55_gev():
    sample = Sample(continuum_fraction=1, single_muon_fraction=0)
    fires, pt = sample["firesTrig"], sample.muons.pt

    assert np.mean(fires[sample.prompt & (pt > 60)]) == pytest.approx(0.90, abs=0.03)
    assert not fires[pt < 45].any()
    assert not fires[sample.fake].any()


def test_station_mask_keeps_the_dt_bits_and_adds_csc_by_eta(sample):
    mask = sample["trkMu_stationMask"]
    eta = np.abs(sample.muons.eta)

    np.testing.assert_array_equal(mask & 0b1111, sample.dt_mask)
    assert not (mask[(eta < 0.9) | sample.fake] >> 4).any()
    forward = ~sample.fake & (eta > 1.25)
    for bit in range(4, 8):
        assert np.mean(mask[forward] >> bit & 1) == pytest.approx(0.895, abs=0.02)
    bits = np.unpackbits(mask[:, None], axis=1).sum(1)
    np.testing.assert_array_equal(sample["trkMu_numberOfMatchedStations"], bits)


def test_rpc_layers_follow_the_coverage(sample):
    layers = sample["rpcMu_numberOfMatchedRPCLayers"]
    eta = np.abs(sample.muons.eta)

    assert layers[sample.fake | (eta > 1.9)].max() == 0
    barrel = layers[~sample.fake & (eta < 1.1)]
    assert barrel.max() == 6
    assert layers[~sample.fake & (eta > 1.1)].max() == 4
    assert not (layers == 1).any()
    # binomial of 6 with 0.63
    assert np.mean(barrel == 6) == pytest.approx(0.63**6, abs=0.015)


def test_layers_and_hits_have_the_shapes_of_cms(sample):
    layers, hits = (
        sample["trk_numberOfValidTrackerLayers"],
        sample["trk_numberOfValidPixelHits"],
    )

    prompt = sample.prompt & sample.tracks.exists
    assert np.mean(layers[prompt] >= 10) > 0.99
    assert np.median(layers[prompt & (np.abs(sample.muons.eta) < 1)]) == 13
    assert np.argmax(np.bincount(hits[prompt])) == 4
    fake = sample.fake & sample.tracks.exists
    assert np.mean(layers[fake] < 9) == pytest.approx(0.344, abs=0.02)
    pixelless = np.isin(sample["trk_origAlgo"], (9, 10))
    assert hits[pixelless].max() == 1
    assert np.mean(sample["trk_origAlgo"][prompt] == 4) == pytest.approx(0.95, abs=0.01)
    assert np.mean(sample["trk_origAlgo"][fake] >= 20) == pytest.approx(0.351, abs=0.02)


def test_ends_of_tracks_are_in_the_first_and_the_last_station_of_the_muon(sample):
    standalone = sample["isStandalone"]
    ends = [
        np.array([sample[f"{end}_{axis}"].astype(float) for axis in "xyz"])
        for end in ("innermost", "outermost")
    ]
    for end in ends:
        np.testing.assert_array_equal(end == MISSING, np.broadcast_to(~standalone, end.shape))
    mask, radii, heights = (
        sample["trkMu_stationMask"],
        [np.hypot(x, y) for x, y, _ in ends],
        [np.abs(z) for *_, z in ends],
    )
    barrel = standalone & (mask & 0b1001 == 0b1001) & (mask < 16)
    assert barrel.sum() > 100
    assert np.abs(radii[0][barrel] - 431.175).max() < 13
    assert np.abs(radii[1][barrel] - 720.2).max() < 13
    endcap = standalone & (mask & 0b10011111 == 0b10010000)
    assert endcap.sum() > 100
    assert np.abs(heights[0][endcap] - 600).max() < 13
    assert np.abs(heights[1][endcap] - 1020).max() < 13


def test_ends_of_tracks_lie_where_the_solenoid_bends_the_muon_to(sample):
    """Compare with the deflection of a uniform field of 3.8 T up to 295 cm, to first order."""
    mask, tracks = sample["trkMu_stationMask"], sample.tracks
    use = sample["isStandalone"] & (mask & 1 == 1) & (tracks.pt > 20) & tracks.exists
    x, y, z = (sample[f"innermost_{axis}"].astype(float)[use] for axis in "xyz")
    radius, pt, phi = np.hypot(x, y), tracks.pt[use], tracks.phi[use].astype(float)
    lever = 295 * (radius - 295 / 2) / radius
    expected = phi - tracks.charge[use] * BEND_PER_CM / pt * lever
    difference = np.angle(np.exp(1j * (np.arctan2(y, x) - expected)))
    assert np.abs(difference).max() < 2e-3
    rise = tracks.dz[use] + radius * np.sinh(tracks.eta[use].astype(float))
    np.testing.assert_allclose(z, rise, rtol=5e-3, atol=1)


def test_fits_exist_where_the_muon_does(sample):
    for name, which in (("glbMu_normChi2", "isGlobal"), ("staMu_normChi2", "isStandalone")):
        np.testing.assert_array_equal(sample[name] >= 0, sample[which])
        assert sample[name][sample[which]].mean() == pytest.approx(1.05, abs=0.3)
    standalone = sample["isStandalone"]
    assert not sample["staMu_nMatchSeg"][~standalone].any()
    np.testing.assert_array_equal(
        sample["staMu_nMatchSeg"][standalone], np.bitwise_count(sample.dt_mask)[standalone]
    )
    np.testing.assert_array_equal(sample["staMu_numberOfValidMuonHits"] == -1, ~standalone)
