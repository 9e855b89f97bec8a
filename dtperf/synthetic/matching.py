"""Match muons to stations: to DT segments, CSC segments and layers of RPCs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import binom

from dtperf.compiled import compiled
from dtperf.detector import stations
from dtperf.synthetic.stages import DrawnCrossings, DrawnSegments, MuonOrigin, TrueMuons
from dtperf.typing import F64, I16, I64, U8, U32

__all__ = [
    "MuonSegments",
    "csc_mask",
    "muon_segments",
    "rpc_layers",
    "station_mask",
    "used_segments",
]


MAX_DX_CM = (5.0, 7.0, 10.0, 13.0)
"""Three standard deviations of scattering at 20 GeV, by station."""
MAX_DY_CM = 20.0
"""Wider, as the theta view is coarse."""


class MuonSegments(NamedTuple):
    """The segments that each muon made, at most one a chamber."""

    offsets: I64
    """Which entries of `segment` belong to which muon, shape (muons + 1,)."""
    segment: U32
    """Index of the segment in its event."""


def station_mask(segments: DrawnSegments, matches: DrawnCrossings, muon_offsets: I64) -> U8:
    """Find the DT stations with a segment near the extrapolated track.

    This is a simple form of what CMS does for tracker muons: by position, whoever made the
    segment.

    Args:
        segments: Of all events.
        matches: Where the reconstructed tracks cross chambers; `track` counts as `muon_offsets`.
        muon_offsets: First muon of each event, shape (events + 1,).

    Returns:
        Bit s - 1 is set for station s, shape (muons,).
    """
    event = np.searchsorted(muon_offsets, matches.track, side="right") - 1
    station = stations()[matches.code]
    masks: U8 = _station_mask(segments, matches, event, station, int(muon_offsets[-1]))
    return masks


@compiled
def _station_mask(
    segments: DrawnSegments, matches: DrawnCrossings, event: I64, stations: I16, n_muons: int
) -> U8:
    codes, xs, ys = segments.code, segments.x, segments.y
    has_phi, has_zed = segments.has_phi, segments.has_zed
    masks = np.zeros(n_muons, dtype=np.uint8)
    for match in range(len(event)):
        station = stations[match] - 1
        for i in range(segments.offsets[event[match]], segments.offsets[event[match] + 1]):
            if codes[i] != matches.code[match] or not has_phi[i]:
                continue
            is_near_x = abs(xs[i] - matches.x[match]) < MAX_DX_CM[station]
            if is_near_x and (not has_zed[i] or abs(ys[i] - matches.y[match]) < MAX_DY_CM):
                masks[matches.track[match]] |= np.uint8(1 << station)
    return masks


@compiled
def _own_rows(muon: I64, code: I16, n_muons: int) -> tuple[I64, I64]:
    """Return offsets and rows of the first segment of each muon in each chamber."""
    last = np.full(n_muons, -1, dtype=np.int64)
    offsets = np.zeros(n_muons + 1, dtype=np.int64)
    is_first = np.zeros(len(muon), dtype=np.bool_)
    for i in range(len(muon)):
        # segments come by chamber, so one look back is enough
        if muon[i] >= 0 and last[muon[i]] != code[i]:
            last[muon[i]] = code[i]
            is_first[i] = True
            offsets[muon[i] + 1] += 1
    for m in range(n_muons):
        offsets[m + 1] += offsets[m]
    rows = np.empty(offsets[-1], dtype=np.int64)
    filled = offsets[:-1].copy()
    for i in range(len(muon)):
        if is_first[i]:
            rows[filled[muon[i]]] = i
            filled[muon[i]] += 1
    return offsets, rows


def muon_segments(segments: DrawnSegments, muon_offsets: I64) -> MuonSegments:
    """Return the segments that each muon made itself, as the matches of a standalone muon.

    They are by muon, in order of chamber, without second segments of showers.
    """
    offsets, rows = _own_rows(segments.muon, segments.code, int(muon_offsets[-1]))
    event = np.searchsorted(segments.offsets, rows, side="right") - 1
    return MuonSegments(offsets, (rows - segments.offsets[event]).astype(np.uint32))


def used_segments(rng: np.random.Generator, own: MuonSegments, efficiency: F64) -> MuonSegments:
    """Draw which of the muons' segments their standalone tracks take.

    Args:
        rng: Random numbers.
        own: From `muon_segments`.
        efficiency: Probability for each of them, of the shape of `own.segment`.
    """
    is_used = rng.random(len(own.segment)) < efficiency
    before = np.concatenate(([0], np.cumsum(is_used)))
    return MuonSegments(before[own.offsets], own.segment[is_used])


CSC_ETA = ((0.90, 2.4), (1.06, 2.4), (1.16, 2.4), (1.23, 2.4))
"""|eta| that ME1 to ME4 cover with all six layers, roughly."""
CSC_EFFICIENCY = 0.895
MIN_ENDCAP_MOMENTUM_GEV = 3.0
RPC_BARREL_ETA, RPC_ETA = 1.1, 1.9
RPC_BARREL_CUMULATIVE = binom.cdf(np.arange(6), 6, 0.63)
RPC_ENDCAP_CUMULATIVE = binom.cdf(np.arange(4), 4, 0.68)
MIN_RPC_LAYERS = 2


def csc_mask(rng: np.random.Generator, muons: TrueMuons) -> U8:
    """Draw the matched CSC stations, bits 4 to 7 of muon_trkMu_stationMask.

    A muon with p > 3 GeV is matched with 89.5 %, read off the CMS histogram, in each endcap
    station that covers its eta; fakes are not matched.
    """
    n = len(muons.eta)
    absolute_eta = np.abs(muons.eta)
    reaches = muons.kind != MuonOrigin.FAKE
    reaches &= muons.pt * np.cosh(muons.eta) > MIN_ENDCAP_MOMENTUM_GEV
    mask = np.zeros(n, dtype=np.uint8)
    for bit, (low, high) in enumerate(CSC_ETA, start=4):
        matched = reaches & (absolute_eta > low) & (absolute_eta < high)
        matched &= rng.random(n, dtype=np.float32) < CSC_EFFICIENCY
        mask |= matched.astype(np.uint8) << np.uint8(bit)
    return mask


def rpc_layers(rng: np.random.Generator, muons: TrueMuons) -> I16:
    """Draw the number of matched RPC layers, of six in the barrel and four in the endcaps.

    A layer is matched with 63 % or 68 %, read off the CMS histogram, and one alone does not
    count. Fakes, and muons beyond |eta| = 1.9, have none.
    """
    absolute_eta = np.abs(muons.eta)
    is_barrel = absolute_eta < RPC_BARREL_ETA
    draw = rng.random(len(muons.eta))
    barrel = np.searchsorted(RPC_BARREL_CUMULATIVE, draw)
    endcap = np.searchsorted(RPC_ENDCAP_CUMULATIVE, draw)
    matched = np.where(is_barrel, barrel, endcap)
    matched[(absolute_eta > RPC_ETA) | (muons.kind == MuonOrigin.FAKE)] = 0
    matched[matched < MIN_RPC_LAYERS] = 0
    return matched.astype(np.int16)
