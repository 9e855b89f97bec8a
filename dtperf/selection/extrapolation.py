"""Find the chambers that probes cross: by the file's extrapolation or our own propagation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.detector import frame_table
from dtperf.detector.edges import ACCEPT_CM
from dtperf.detector.layers import layers
from dtperf.detector.propagation import propagate
from dtperf.selection.arrays import Matches
from dtperf.selection.flatten import FlatEvents
from dtperf.selection.ragged import probe_ranges
from dtperf.typing import F32, I64

__all__ = ["ProbeMatches", "extrapolate"]


class ProbeMatches(NamedTuple):
    """The chambers that each probe crosses."""

    matches: Matches
    begins: I64
    """First match of each probe, -1 if its matches are not known, shape (pairs,).

    A probe whose range points outside its event, or whose dxy is not finite, is left out: it
    would count as one that misses the chambers.
    """
    ends: I64
    """One past its last match, shape (pairs,)."""
    sigma_x: F32
    """Uncertainty of x from scattering, cm, NaN where it is not known, shape (matches,)."""
    sigma_y: F32


def extrapolate(flat: FlatEvents, event: I64, probe: I64) -> ProbeMatches:
    """Find where probes cross chambers.

    Args:
        flat: The events; with `stored` it is the file that says where, else the probe's inner
            track is propagated from its vertex.
        event: Event of each pair, shape (pairs,).
        probe: Its probe, index into the muons, shape (pairs,).
    """
    if flat.stored is not None:
        matches = flat.stored.matches
        unknown = np.broadcast_to(np.float32(np.nan), len(matches.x))  # takes no memory
        return ProbeMatches(
            matches, *probe_ranges(flat.stored.ranges, event, probe), unknown, unknown
        )
    muons, dxy = flat.muons, flat.dxy
    assert dxy is not None  # one of the two is always there
    found = propagate(
        muons.pt[probe],
        muons.eta[probe],
        muons.phi[probe],
        muons.charge[probe],
        dxy[probe],
        muons.trk_dz[probe],
        layers(),
        frame_table(),
        ACCEPT_CM,
    )
    matches = Matches(found.x, found.y, found.edge_x, found.edge_y, found.code)
    is_known = np.isfinite(dxy[probe])
    begins, ends = (
        np.where(is_known, edge, -1) for edge in (found.offsets[:-1], found.offsets[1:])
    )
    return ProbeMatches(matches, begins, ends, found.sigma_x, found.sigma_y)
