"""Muon types and working points."""

from __future__ import annotations

import numpy as np

from dtperf.synthetic.identify_hits import TrackHits
from dtperf.synthetic.stages import Kind, Tracks, TrueMuons
from dtperf.typing import U8, Bools

__all__ = ["muon_flags"]


FAKE_TRACKER_SHARE = 0.10
TRACKER_EFFICIENCY, STANDALONE_EFFICIENCY, GLOBAL_EFFICIENCY = 0.997, 0.995, 0.99
ONE_STATION_STANDALONE_SHARE = 0.3
LOOSE_SHARE = np.array([0.998, 0.998, 0.95, 0.15])  # by Kind: what particle flow calls a muon
MEDIUM_SHARE, FAKE_MEDIUM_SHARE = 0.99, 0.3
TIGHT_SHARE = 0.985  # of those with the hits: quality of the fit and place of the vertex
TIGHT_MIN_PIXEL_HITS, TIGHT_MIN_LAYERS, TIGHT_MIN_STATIONS = 1, 6, 2
TIGHT_MAX_DXY_CM = 0.2
GEM_ETA, GEM_EFFICIENCY = (1.55, 2.18), 0.7


def muon_flags(
    rng: np.random.Generator,
    muons: TrueMuons,
    tracks: Tracks,
    hits: TrackHits,
    n_stations: U8,
    is_rpc: Bools,
) -> dict[str, Bools]:
    """Draw the columns muon_is* that have the cut-based definitions of CMS as far as they go.

    A tracker muon has an inner track and a matched station, a standalone muon usually two, a
    global one is both. Tight asks for a global muon with pixel hits, six layers, two stations and
    |dxy| < 0.2 cm; the |dz| to the primary vertex is not looked at. A tenth of the fakes are
    tracker muons all the same, by a chance match that has no segment in the ntuple.

    Args:
        rng: Random numbers.
        muons: The true muons.
        tracks: Their tracks.
        hits: The hits of the tracks.
        n_stations: Matched stations, DT and CSC.
        is_rpc: Whether enough RPC layers are matched.
    """
    n = len(muons.pt)
    u = rng.random((7, n), dtype=np.float32)
    is_fake = muons.kind == Kind.FAKE
    tracker_share = np.where(is_fake, FAKE_TRACKER_SHARE, (n_stations > 0) * TRACKER_EFFICIENCY)
    is_tracker = tracks.exists & (u[0] < tracker_share)
    standalone_share = np.where(
        n_stations >= TIGHT_MIN_STATIONS,
        STANDALONE_EFFICIENCY,
        (n_stations > 0) * ONE_STATION_STANDALONE_SHARE,
    )
    is_standalone = ~tracks.exists | (u[1] < standalone_share)
    is_global = is_standalone & tracks.exists & (u[2] < GLOBAL_EFFICIENCY)
    is_loose = (is_tracker | is_global) & (u[3] < LOOSE_SHARE[muons.kind])
    is_medium = is_loose & (u[4] < np.where(is_fake, FAKE_MEDIUM_SHARE, MEDIUM_SHARE))
    is_tight = is_loose & is_global & (u[5] < TIGHT_SHARE)
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
