"""Hits of the inner track and how it was found.

Shares per mille. Those of fakes are what is left of the CMS histograms of all candidates for a
probe (1,009,458 of them), once the good probes (305,380) are taken off with the shares given here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from dtperf.synthetic.stages import Kind, Tracks, TrueMuons
from dtperf.typing import I16

__all__ = ["NO_COUNT", "TrackHits", "track_hits"]


NO_COUNT = -1
"""What the ntuple holds for a count or an algorithm where there is no inner track."""
TRANSITION_ETA = 1.2
PIXELLESS = (9, 10)
MUON_SEEDED = 13

# reco::TrackBase::TrackAlgorithm: 4 initialStep, 5 lowPtTriplet, 6 pixelPair, 7 detachedTriplet,
# 8 mixedTriplet, 9 pixelLess, 10 tobTec, 14 muonSeededOutIn, 22 highPtTriplet, 23 lowPtQuad,
# 24 detachedQuad
REAL_ALGORITHMS = {4: 950, 5: 5, 6: 3, 7: 3, 9: 5, 14: 7, 22: 20, 23: 7}
FAKE_TRIPLET_STEPS = {5: 34, 7: 31, 8: 7, 22: 60}
FAKE_OTHER_STEPS = {4: 369, 6: 28, 9: 92, 10: 26, 14: 62, 23: 200, 24: 91}
REAL_PIXEL_HITS = {0: 2, 1: 3, 2: 5, 3: 100, 4: 450, 5: 270, 6: 120, 7: 42, 8: 8}
FAKE_PIXEL_HITS = {0: 3, 1: 28, 2: 37, 3: 185, 4: 340, 5: 194, 6: 126, 7: 61, 8: 20, 9: 5, 10: 1}
PIXELLESS_PIXEL_HITS = {0: 650, 1: 350}
BARREL_LAYERS = {9: 4, 10: 26, 11: 70, 12: 190, 13: 360, 14: 350}
ENDCAP_LAYERS = {10: 10, 11: 20, 12: 40, 13: 80, 14: 150, 15: 260, 16: 300, 17: 137, 18: 3}
SHORT_FAKE_LAYERS = {3: 25, 4: 45, 5: 97, 6: 74, 7: 53, 8: 50, 9: 55, 10: 66}
LONG_FAKE_LAYERS = {11: 95, 12: 122, 13: 114, 14: 75, 15: 74, 16: 45, 17: 10}


def _lookup(*shares: Mapping[int, int]) -> I16:
    rows = [np.repeat(list(row), list(row.values())) for row in shares]
    return np.stack(rows).astype(np.int16)


ALGORITHMS = _lookup(REAL_ALGORITHMS, FAKE_TRIPLET_STEPS | FAKE_OTHER_STEPS)
PIXEL_HITS = _lookup(REAL_PIXEL_HITS, FAKE_PIXEL_HITS, PIXELLESS_PIXEL_HITS)
LAYERS = _lookup(BARREL_LAYERS, ENDCAP_LAYERS, SHORT_FAKE_LAYERS | LONG_FAKE_LAYERS)


class TrackHits(NamedTuple):
    """Hits and algorithm of each inner track, NO_COUNT without one; all int16 as stored."""

    pixel_hits: I16
    layers: I16
    valid_fraction: I16
    """1 where every layer that was crossed has a hit, else 0: an integer in the ntuple."""
    algorithm: I16
    original_algorithm: I16


def track_hits(rng: np.random.Generator, muons: TrueMuons, tracks: Tracks) -> TrackHits:
    """Draw the hits of each inner track and the iteration that found it.

    Args:
        rng: Random numbers.
        muons: The true muons; tracks of fakes have fewer hits.
        tracks: Their tracks, of the same shape.
    """
    n = len(muons.pt)
    fake = (muons.kind == Kind.FAKE).astype(np.int8)
    endcap = np.abs(muons.eta) > TRANSITION_ETA
    draws = rng.integers(0, 1000, (4, n), dtype=np.int16)
    original = ALGORITHMS[fake, draws[0]]
    pixel_row = np.where((original == PIXELLESS[0]) | (original == PIXELLESS[1]), 2, fake)
    columns = (
        PIXEL_HITS[pixel_row, draws[1]],
        LAYERS[np.where(fake, 2, endcap), draws[2]],
        (draws[3] < 800).astype(np.int16),
        # the last iteration that found the track: muons are searched again from the muon system
        np.where(draws[3] % 20 == 0, np.int16(MUON_SEEDED), original),
        original,
    )
    missing = ~tracks.exists
    for column in columns:
        column[missing] = NO_COUNT
    return TrackHits(*columns)
