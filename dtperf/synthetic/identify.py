"""What CMS says about each muon: ``identify(rng, muons, tracks, station_mask, n_segments)``."""

from __future__ import annotations

import numpy as np

from dtperf.synthetic.identify_flags import muon_flags
from dtperf.synthetic.identify_hits import NO_COUNT, TrackHits, track_hits
from dtperf.synthetic.identify_isolation import relative_isolation
from dtperf.synthetic.identify_points import Points, track_ends
from dtperf.synthetic.identify_stations import csc_mask, rpc_layers
from dtperf.synthetic.identify_trigger import isolated_trigger, single_trigger
from dtperf.synthetic.physics_boson import MUON_MASS_GEV
from dtperf.synthetic.precision import round_mantissa
from dtperf.synthetic.stages import Tracks, TrueMuons
from dtperf.typing import F32, U8, AnyArray, Bools, Integers

__all__ = ["identify"]

Columns = dict[str, AnyArray]

ISO_BITS = 6
NO_CHI2 = -1.0
CHI2_DEGREES = 12
PDG_MUON_MINUS = 13
HITS_PER_STATION = 9


def _track_columns(hits: TrackHits) -> Columns:
    return {
        "muon_trk_algo": hits.algorithm,
        "muon_trk_origAlgo": hits.original_algorithm,
        "muon_trk_numberOfValidPixelHits": hits.pixel_hits,
        "muon_trk_numberOfValidTrackerLayers": hits.layers,
        "muon_trk_validFraction": hits.valid_fraction,
    }


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
    tracks: Tracks,
    station_mask: U8,
    n_segments: Integers,
) -> Columns:
    """Fill the muon columns of generation B other than the track's parameters and the links.

    Args:
        rng: Random numbers.
        muons: The true muons.
        tracks: Their tracks, of the same shape.
        station_mask: Matched DT stations, bits 0 to 3; the CSC stations are added here.
        n_segments: Number of DT segments matched to each muon.

    Returns:
        Columns by branch name, all of the muons' shape and of the branch's type.
    """
    iso = relative_isolation(rng, muons)
    hits = track_hits(rng, muons, tracks)
    layers = rpc_layers(rng, muons)
    mask = station_mask | csc_mask(rng, muons)
    n_stations = np.bitwise_count(mask)
    flags = muon_flags(rng, muons, tracks, hits, n_stations, layers > 0)
    is_standalone = flags["muon_isStandalone"]
    muon_hits = HITS_PER_STATION * n_stations.astype(np.int16) + layers
    return {
        **flags,
        **_track_columns(hits),
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
