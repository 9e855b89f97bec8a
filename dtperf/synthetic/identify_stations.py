"""Muon stations and RPC layers that a muon is matched to outside the drift tubes."""

from __future__ import annotations

import numpy as np
from scipy.stats import binom

from dtperf.synthetic.stages import Kind, TrueMuons
from dtperf.typing import I16, U8

__all__ = ["csc_mask", "rpc_layers"]

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

    A muon with p > 3 GeV is matched with 89.5 %, read off the CMS histogram, in each
    endcap station that covers its eta.

    Args:
        rng: Random numbers.
        muons: The true muons; fakes are not matched.
    """
    n = len(muons.eta)
    absolute_eta = np.abs(muons.eta)
    reaches = muons.kind != Kind.FAKE
    reaches &= muons.pt * np.cosh(muons.eta) > MIN_ENDCAP_MOMENTUM_GEV
    mask = np.zeros(n, dtype=np.uint8)
    for bit, (low, high) in enumerate(CSC_ETA, start=4):
        matched = reaches & (absolute_eta > low) & (absolute_eta < high)
        matched &= rng.random(n, dtype=np.float32) < CSC_EFFICIENCY
        mask |= matched.astype(np.uint8) << np.uint8(bit)
    return mask


def rpc_layers(rng: np.random.Generator, muons: TrueMuons) -> I16:
    """Draw the matched RPC layers, of six in the barrel and four in the endcaps.

    A layer is matched with 63 % or 68 %, read off the CMS histogram, and one alone does not count.

    Args:
        rng: Random numbers.
        muons: The true muons; fakes, and muons beyond |eta| = 1.9, have none.
    """
    absolute_eta = np.abs(muons.eta)
    is_barrel = absolute_eta < RPC_BARREL_ETA
    draw = rng.random(len(muons.eta))
    barrel = np.searchsorted(RPC_BARREL_CUMULATIVE, draw)
    endcap = np.searchsorted(RPC_ENDCAP_CUMULATIVE, draw)
    matched = np.where(is_barrel, barrel, endcap)
    matched[(absolute_eta > RPC_ETA) | (muons.kind == Kind.FAKE)] = 0
    matched[matched < MIN_RPC_LAYERS] = 0
    return matched.astype(np.int16)
