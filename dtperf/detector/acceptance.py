"""Compute the part of the muons' directions that a chamber's fiducial region covers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dtperf.detector.numbering import stations
from dtperf.detector.superlayers import envelopes
from dtperf.detector.table import centres_cm, distances_cm, lengths_cm, offsets_cm, widths_cm
from dtperf.typing import F64

__all__ = ["fiducial_acceptances"]


def fiducial_acceptances(
    max_abs_eta: Sequence[float],
    border_x_cm: float,
    border_y_cm: float,
    *,
    of_superlayers: bool = False,
) -> F64:
    """Return the range in eta times that in phi which straight lines from the origin leave.

    The edges in eta are those at the chamber's centre, which is right to 2 %. Muons of Z decays are
    spread over both nearly evenly: with CMS data, probes for this spread by 5 % within a station of
    a wheel. At the chimneys they are up to 24 % fewer, and so they are in the outer wheels, for
    what else a probe has to cross.

    Args:
        max_abs_eta: Limit of MB1 to MB4.
        border_x_cm: Of the fiducial region, negative inside the chamber.
        border_y_cm: The same in the other direction.
        of_superlayers: Whether the borders are measured from the edges of `envelopes`, not from
            those of the chamber.

    Returns:
        Shape (N_CODES,); 0 where the cuts leave nothing, NaN where no chamber exists.
    """
    d = distances_cm()
    sensitive = (envelopes().width_cm, envelopes().length_cm)
    width, length = sensitive if of_superlayers else (widths_cm(), lengths_cm())
    half_x = np.maximum(width / 2 + border_x_cm, 0)
    half_y = np.maximum(length / 2 + border_y_cm, 0)
    z, radius = centres_cm()[:, 2], np.hypot(d, offsets_cm())
    limit = np.asarray(max_abs_eta, dtype=np.float64)[stations() - 1]
    low, high = (
        np.clip(np.arcsinh(edge / radius), -limit, limit) for edge in (z - half_y, z + half_y)
    )
    phi = np.arctan((offsets_cm() + half_x) / d) - np.arctan((offsets_cm() - half_x) / d)
    return np.asarray((high - low) * phi)
