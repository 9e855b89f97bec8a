"""Draw the segments that chambers reconstruct of the muons that cross them."""

from __future__ import annotations

import numpy as np

from dtperf.detector import lengths_cm, stations, widths_cm
from dtperf.synthetic.candidates import SegmentCandidates, merge
from dtperf.synthetic.detector import Detector, Resolution, by_code
from dtperf.synthetic.efficiency import chamber_efficiencies, is_in_cells, true_efficiency
from dtperf.synthetic.hits import NOT_FITTED, draw_phi_hits, draw_z_hits
from dtperf.synthetic.rows import take
from dtperf.synthetic.stages import DrawnCrossings, DrawnSegments
from dtperf.synthetic.truth import TruthCrossings
from dtperf.typing import F64, I64, Bools

__all__ = ["draw_noise", "make_segments"]

THREE_PHI_HITS = 0.7
"""Part with 3 phi hits; the others have 4, as many as one superlayer can give."""
WITH_THETA = 0.3
SLOPE_WIDTH = 0.3
T0_NS = 25.0
"""Out-of-time particles: anywhere up to one bunch crossing away."""


def draw_noise(rng: np.random.Generator, n_events: int, detector: Detector) -> SegmentCandidates:
    """Draw noise segments (muon -1), evenly over events and chambers that are not dead."""
    live = np.flatnonzero(chamber_efficiencies(detector) > 0).astype(np.int16)
    n = rng.poisson(detector.noise_segments * n_events) if len(live) else 0
    code = live[rng.integers(len(live), size=n)] if n else np.empty(0, dtype=np.int16)
    has_zed = (rng.random(n) < WITH_THETA) & (stations()[code] < 4)
    noise = SegmentCandidates.fitted(
        rng,
        event=rng.integers(n_events, size=n),
        muon=np.full(n, -1, dtype=np.int64),
        code=code,
        position=(
            rng.uniform(-0.5, 0.5, n) * widths_cm()[code],
            rng.uniform(-0.5, 0.5, n) * lengths_cm()[code],
        ),
        slope=(SLOPE_WIDTH * rng.standard_normal(n), SLOPE_WIDTH * rng.standard_normal(n)),
        phi_hits=np.where(rng.random(n) < THREE_PHI_HITS, 3, 4).astype(np.int16),
        z_hits=np.where(has_zed, 3, 0).astype(np.int16),
    )
    t0 = rng.uniform(-T0_NS, T0_NS, n).astype(np.float32)
    return noise._replace(phi_t0=t0, z_t0=np.where(has_zed, t0, np.float32(NOT_FITTED)))


LONGEST_TAIL_CM = 10.0
SHOWER_MEAN_CM = 15.0
"""Mean distance of a second segment from the first."""
SHOWER_SLOPE = 0.1
MOST_SHOWER_HITS = 6


def make_segments(
    rng: np.random.Generator,
    muon_offsets: I64,
    crossings: DrawnCrossings,
    run_fraction: F64,
    detector: Detector,
) -> tuple[DrawnSegments, TruthCrossings]:
    """Draw the segments that the chambers reconstruct of crossings, and noise.

    Args:
        rng: Random numbers.
        muon_offsets: First muon of each event, shape (events + 1,).
        crossings: Where muons truly cross chambers; `track` counts as `muon_offsets` does.
        run_fraction: Position of each event's run, 0 to 1 from the first to the last.
        detector: Settings.

    Returns:
        The segments of each event in order of chamber, a muon's own before others there; and for
        every crossing, in their order, whether it left a phi view.
    """
    n_events = len(muon_offsets) - 1
    event = np.searchsorted(muon_offsets, crossings.track, side="right") - 1
    code, x, y = crossings.code, crossings.x, crossings.y
    efficiency = true_efficiency(detector, code, x, y, run_fraction[event])
    is_sensitive = is_in_cells(detector, code, x, y, crossings.dxdz, crossings.dydz)
    efficiency = np.where(is_sensitive, efficiency, 0.0)
    has_phi = rng.random(len(code)) < efficiency
    has_zed = _draw_theta(rng, crossings, efficiency, has_phi, detector)
    own = _own_segments(rng, event, crossings, has_phi, has_zed, detector.resolution)
    second = _shower_segments(rng, own, detector.second_segment)
    noise = draw_noise(rng, n_events, detector)
    truth = TruthCrossings(event, crossings.track, code, x, y, efficiency, has_phi)
    return _shifted(merge((own, second, noise), n_events), detector), truth


def _shifted(segments: DrawnSegments, detector: Detector) -> DrawnSegments:
    """Return segments where a wrong alignment puts them; a view that is missing stays."""
    moved = {}
    for axis, has_view, shifts_mm in (
        ("x", segments.has_phi, detector.shift_x_mm),
        ("y", segments.has_zed, detector.shift_y_mm),
    ):
        shift_cm = by_code(shifts_mm, 0.0)[segments.code] / 10
        position = getattr(segments, axis)
        moved[axis] = (position + np.where(has_view, shift_cm, 0.0)).astype(np.float32)
    return segments._replace(**moved)


def _draw_theta(
    rng: np.random.Generator,
    crossings: DrawnCrossings,
    efficiency: F64,
    has_phi: Bools,
    detector: Detector,
) -> Bools:
    """Draw which crossings leave a theta view; none does where the chamber is dead."""
    station = stations()[crossings.code]
    # there is no theta view to lose in MB4
    lost = np.array([*detector.phi_only, 1.0])[station - 1]
    alone = np.where((efficiency > 0) & (station < 4), detector.theta_only, 0.0)
    has_zed: Bools = rng.random(len(station)) < np.where(has_phi, 1 - lost, alone)
    return has_zed


def _smear(rng: np.random.Generator, true: F64, width: float, tail: float, tail_mean: float) -> F64:
    n = len(true)
    # the exponential is cut off by drawing from the lower part of its integral only
    part = rng.random(n) * (1 - np.exp(-LONGEST_TAIL_CM / tail_mean))
    aside = np.where(rng.random(n) < 0.5, -1.0, 1.0) * -tail_mean * np.log1p(-part)
    smeared: F64 = true + width * rng.standard_normal(n)
    return smeared + np.where(rng.random(n) < tail, aside, 0.0)


def _own_segments(
    rng: np.random.Generator,
    event: I64,
    crossings: DrawnCrossings,
    has_phi: Bools,
    has_zed: Bools,
    resolution: Resolution,
) -> SegmentCandidates:
    rows = np.flatnonzero(has_phi | has_zed)
    n, code = len(rows), crossings.code[rows]
    x = _smear(rng, crossings.x[rows], resolution.x_cm, resolution.x_tail, resolution.x_tail_cm)
    y = _smear(rng, crossings.y[rows], resolution.y_cm, resolution.y_tail, resolution.y_tail_cm)
    dxdz = crossings.dxdz[rows] + resolution.dxdz * rng.standard_normal(n)
    dydz = crossings.dydz[rows] + resolution.dydz * rng.standard_normal(n)
    return SegmentCandidates.fitted(
        rng,
        event[rows],
        crossings.track[rows],
        code,
        (x, y),
        (dxdz, dydz),
        phi_hits=np.where(has_phi[rows], draw_phi_hits(rng, code), 0).astype(np.int16),
        z_hits=np.where(has_zed[rows], draw_z_hits(rng, n), 0).astype(np.int16),
    )


def _shower_segments(
    rng: np.random.Generator, own: SegmentCandidates, probability: float
) -> SegmentCandidates:
    """Draw a second phi view, with fewer hits, beside some segments, with the same theta view.

    As the first one has more hits, it stays the best segment of the chamber.
    """
    rows = np.flatnonzero((own.phi_hits > 3) & (rng.random(len(own.code)) < probability))
    first, n = take(own, rows), len(rows)
    aside = rng.exponential(SHOWER_MEAN_CM, n) * np.where(rng.random(n) < 0.5, -1.0, 1.0)
    most_hits = np.minimum(first.phi_hits - 1, MOST_SHOWER_HITS)
    second = SegmentCandidates.fitted(
        rng,
        first.event,
        first.muon,
        first.code,
        (first.x + aside, first.y),
        (first.dxdz + SHOWER_SLOPE * rng.standard_normal(n), first.dydz),
        phi_hits=rng.integers(3, most_hits, endpoint=True).astype(np.int16),
        z_hits=first.z_hits,
    )
    return second._replace(z_chi2=first.z_chi2, z_t0=first.z_t0)
