"""Segments that no muon of the event made."""

from __future__ import annotations

import numpy as np

from dtperf.geometry import lengths_cm, stations, widths_cm
from dtperf.synthetic.candidates import Candidates
from dtperf.synthetic.detector import Detector
from dtperf.synthetic.efficiency import chamber_efficiencies
from dtperf.synthetic.hits import NOT_FITTED

__all__ = ["draw_noise"]

THREE_PHI_HITS = 0.7
"""Part with 3 phi hits; the others have 4, as many as one superlayer can give."""
WITH_THETA = 0.3
SLOPE_WIDTH = 0.3
T0_NS = 25.0
"""Out-of-time particles: anywhere up to one bunch crossing away."""


def draw_noise(rng: np.random.Generator, n_events: int, detector: Detector) -> Candidates:
    """Scatter segments over the chambers that are not dead.

    Args:
        rng: Random numbers.
        n_events: Number of events to fill.
        detector: Settings.

    Returns:
        Segments in events 0 to n_events - 1, muon -1.
    """
    live = np.flatnonzero(chamber_efficiencies(detector) > 0).astype(np.int16)
    n = rng.poisson(detector.noise_segments * n_events) if len(live) else 0
    code = live[rng.integers(len(live), size=n)] if n else np.empty(0, dtype=np.int16)
    has_zed = (rng.random(n) < WITH_THETA) & (stations()[code] < 4)
    noise = Candidates.fitted(
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
