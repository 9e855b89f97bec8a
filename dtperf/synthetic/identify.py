"""Draw the identification of each muon: ``identify(rng, muons, tracks, mask, n_segments)``."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.synthetic.matching import csc_mask, rpc_layers
from dtperf.synthetic.muons import Muons
from dtperf.synthetic.physics_boson import MUON_MASS_GEV
from dtperf.synthetic.physics_events import MAX_ETA
from dtperf.synthetic.rows import round_mantissa
from dtperf.synthetic.stages import DrawnTracks, MuonOrigin, TrueMuons
from dtperf.synthetic.track_hits import NO_COUNT, Points, TrackHits, track_ends, track_hits
from dtperf.typing import F32, F64, U8, AnyArray, Bools, Integers

__all__ = [
    "TURN_ONS",
    "TurnOn",
    "identify",
    "isolated_trigger",
    "muon_flags",
    "relative_isolation",
    "single_trigger",
]

USUAL = Muons()
FAKE_TRACKER_SHARE = 0.10
TRACKER_EFFICIENCY = 0.997
ONE_STATION_STANDALONE_SHARE = 0.3
LOOSE_SHARE = np.array([0.998, 0.998, 0.95, 0.15])  # by Kind: what particle flow calls a muon
MEDIUM_SHARE, FAKE_MEDIUM_SHARE = 0.99, 0.3
TIGHT_MIN_PIXEL_HITS, TIGHT_MIN_LAYERS, TIGHT_MIN_STATIONS = 1, 6, 2
TIGHT_MAX_DXY_CM = 0.2
GEM_ETA, GEM_EFFICIENCY = (1.55, 2.18), 0.7


def muon_flags(
    rng: np.random.Generator,
    muons: TrueMuons,
    tracks: DrawnTracks,
    hits: TrackHits,
    n_stations: U8,
    is_rpc: Bools,
    settings: Muons,
) -> dict[str, Bools]:
    """Draw the columns muon_is*, by the cut-based definitions of CMS where they can be applied.

    A tracker muon has an inner track and a matched station, a standalone muon usually two, a
    global one is both. Tight asks for a global muon with pixel hits, six layers, two stations
    (DT and CSC) and |dxy| < 0.2 cm; the |dz| to the primary vertex is not looked at. A tenth of
    the fakes are tracker muons all the same, by a chance match that has no segment in the
    ntuple.
    """
    n = len(muons.pt)
    u = rng.random((7, n), dtype=np.float32)
    is_fake = muons.kind == MuonOrigin.FAKE
    tracker_share = np.where(is_fake, FAKE_TRACKER_SHARE, (n_stations > 0) * TRACKER_EFFICIENCY)
    is_tracker = tracks.exists & (u[0] < tracker_share)
    standalone_share = np.where(
        n_stations >= TIGHT_MIN_STATIONS,
        settings.standalone_efficiency,
        (n_stations > 0) * ONE_STATION_STANDALONE_SHARE,
    )
    is_standalone = ~tracks.exists | (u[1] < standalone_share)
    is_global = is_standalone & tracks.exists & (u[2] < settings.global_efficiency)
    is_loose = (is_tracker | is_global) & (u[3] < LOOSE_SHARE[muons.kind])
    is_medium = is_loose & (u[4] < np.where(is_fake, FAKE_MEDIUM_SHARE, MEDIUM_SHARE))
    is_tight = is_loose & is_global & (u[5] < settings.tight_efficiency)
    is_tight &= (hits.pixel_hits >= TIGHT_MIN_PIXEL_HITS) & (hits.layers >= TIGHT_MIN_LAYERS)
    is_tight &= (n_stations >= TIGHT_MIN_STATIONS) & (np.abs(tracks.dxy) < TIGHT_MAX_DXY_CM)
    absolute_eta = np.abs(muons.eta)
    in_gem = ~is_fake & (absolute_eta > GEM_ETA[0]) & (absolute_eta < GEM_ETA[1])
    return {
        "muon_isGEM": in_gem & (u[6] < GEM_EFFICIENCY),
        "muon_isGlobal": is_global,
        "muon_isLoose": is_loose,
        "muon_isMedium": is_medium,
        "muon_isRPC": is_rpc,
        "muon_isStandalone": is_standalone,
        "muon_isTight": is_tight,
        "muon_isTracker": is_tracker,
    }


PROMPT_MEAN, PROMPT_AT_PT_GEV = 0.03, 45.0
# By Kind: share of muons with nothing around them, and with a hadronic surrounding
EMPTY_SHARE = np.array([0.50, 0.50, 0.08, 0.375])
JET_SHARE = np.array([0.015, 0.015, 0.92, 0.625])
JET_SCALE = np.array([1.4, 1.4, 3.0, 1.4])
JET_POWER = 1.7


def relative_isolation(rng: np.random.Generator, muons: TrueMuons) -> F64:
    """Draw pfIso04, the energy around each muon over its pT after the pile-up is taken off.

    Nothing is left for half of the prompt muons; for the others it is exponential with mean
    0.03 at 45 GeV and falls with pT. In jets, and around fakes, the distribution is
    (1 + x / a)**-2.7, read off the CMS histogram of all candidates.
    """
    n = len(muons.pt)
    process = rng.random(n)
    empty, jet = EMPTY_SHARE[muons.kind], JET_SHARE[muons.kind]
    prompt = PROMPT_MEAN * PROMPT_AT_PT_GEV / muons.pt * rng.standard_exponential(n)
    in_jet = JET_SCALE[muons.kind] * ((1 - rng.random(n)) ** (-1 / JET_POWER) - 1)
    surrounded = np.where(process >= 1 - jet, in_jet, prompt)
    return np.where(process < empty, 0.0, surrounded)


MAX_ISO = 0.2


class TurnOn(NamedTuple):
    """Efficiency of a trigger: a plateau above a threshold that is smeared by a Gaussian."""

    threshold_gev: float
    width_gev: float
    plateau: float


TURN_ONS = {"isolated": TurnOn(24.0, 0.7, 0.92), "single": TurnOn(55.0, 1.5, 0.90)}


def _fires(rng: np.random.Generator, muons: TrueMuons, turn_on: TurnOn) -> Bools:
    n = len(muons.pt)
    reachable = (muons.kind != MuonOrigin.FAKE) & (np.abs(muons.eta) < MAX_ETA)
    threshold = turn_on.threshold_gev + turn_on.width_gev * rng.standard_normal(n, dtype=np.float32)
    is_seen = rng.random(n, dtype=np.float32) < turn_on.plateau
    return np.asarray(reachable & is_seen & (muons.pt > threshold))


def isolated_trigger(rng: np.random.Generator, muons: TrueMuons, iso: F64) -> Bools:
    """Draw which muons fire HLT_IsoMu2*: 92 % above 24 GeV, real, with pfIso04 below 0.2."""
    return _fires(rng, muons, TURN_ONS["isolated"]) & (iso < MAX_ISO)


def single_trigger(rng: np.random.Generator, muons: TrueMuons) -> Bools:
    """Draw which muons fire HLT_Mu55*: 90 % above 55 GeV, real, isolated or not."""
    return _fires(rng, muons, TURN_ONS["single"])


Columns = dict[str, AnyArray]

ISO_BITS = 6
NO_CHI2 = -1.0
CHI2_DEGREES = 12
PDG_MUON_MINUS = 13
HITS_PER_STATION = 9


def _chi2(rng: np.random.Generator, is_fitted: Bools, mean: float) -> F32:
    # Wilson and Hilferty, PNAS 17 (1931) 684: the cube root of a chi2 is nearly Gaussian
    spread = 2 / (9 * CHI2_DEGREES)
    root = 1 - spread + np.sqrt(spread) * rng.standard_normal(len(is_fitted), dtype=np.float32)
    chi2 = mean * np.maximum(root, 0) ** 3
    return np.where(is_fitted, chi2, NO_CHI2).astype(np.float32)


def _point_columns(ends: tuple[Points, Points]) -> Columns:
    return {
        f"muon_{end}_{axis}": values
        for end, point in zip(("innermost", "outermost"), ends, strict=True)
        for axis, values in point._asdict().items()
    }


def identify(
    rng: np.random.Generator,
    muons: TrueMuons,
    tracks: DrawnTracks,
    station_mask: U8,
    n_segments: Integers,
    settings: Muons = USUAL,
) -> Columns:
    """Make the muon columns of generation B other than the track's parameters and the links.

    The mask has the matched DT stations in bits 0 to 3; CSC stations are added here.
    `n_segments` is the number of DT segments matched to each muon.
    """
    iso = relative_isolation(rng, muons)
    hits = track_hits(rng, muons, tracks)
    layers = rpc_layers(rng, muons)
    mask = station_mask | csc_mask(rng, muons)
    n_stations = np.bitwise_count(mask)
    flags = muon_flags(rng, muons, tracks, hits, n_stations, layers > 0, settings)
    is_standalone = flags["muon_isStandalone"]
    muon_hits = HITS_PER_STATION * n_stations.astype(np.int16) + layers
    return {
        **flags,
        "muon_trk_algo": hits.algorithm,
        "muon_trk_origAlgo": hits.original_algorithm,
        "muon_trk_numberOfValidPixelHits": hits.pixel_hits,
        "muon_trk_numberOfValidTrackerLayers": hits.layers,
        "muon_trk_validFraction": hits.valid_fraction,
        **_point_columns(track_ends(rng, tracks, mask, is_standalone)),
        "muon_mass": np.full(len(iso), MUON_MASS_GEV, dtype=np.float32),
        "muon_pdgId": -PDG_MUON_MINUS * tracks.charge,
        "muon_pfIso04": round_mantissa(iso, ISO_BITS),
        "muon_trkIso03": round_mantissa(iso * rng.random(len(iso)), ISO_BITS),
        "muon_firesIsoTrig": isolated_trigger(rng, muons, iso),
        "muon_firesTrig": single_trigger(rng, muons),
        "muon_glbMu_normChi2": _chi2(rng, flags["muon_isGlobal"], 1.2),
        "muon_staMu_normChi2": _chi2(rng, is_standalone, 0.9),
        "muon_staMu_nMatchSeg": np.where(is_standalone, n_segments, 0).astype(np.int32),
        "muon_staMu_numberOfValidMuonHits": np.where(is_standalone, muon_hits, np.int16(NO_COUNT)),
        "muon_rpcMu_numberOfMatchedRPCLayers": layers,
        "muon_trkMu_numberOfMatchedStations": n_stations.astype(np.int16),
        "muon_trkMu_stationMask": mask,
    }
