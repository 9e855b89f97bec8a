"""Segments of any event and chamber, before they are sorted into events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from dtperf.detector import N_CODES, lengths_cm, widths_cm
from dtperf.detector.superlayers import superlayer_table
from dtperf.synthetic.hits import draw_chi2, draw_t0
from dtperf.synthetic.rows import concatenate, counts_to_offsets, take
from dtperf.synthetic.stages import DrawnSegments
from dtperf.typing import F32, F64, I16, I64

__all__ = ["SegmentCandidates", "merge"]


class SegmentCandidates(NamedTuple):
    """Segments in any order; all arrays of shape (n,). Without hits a segment lacks that view."""

    event: I64
    muon: I64
    code: I16
    x: F64
    y: F64
    dxdz: F64
    dydz: F64
    phi_hits: I16
    z_hits: I16
    phi_chi2: F32
    z_chi2: F32
    phi_t0: F32
    z_t0: F32

    @classmethod
    def fitted(
        cls,
        rng: np.random.Generator,
        event: I64,
        muon: I64,
        code: I16,
        position: tuple[F64, F64],
        slope: tuple[F64, F64],
        phi_hits: I16,
        z_hits: I16,
    ) -> Self:
        """Draw the chi2 and t0 of the fits of the two views, and set what a missing view lacks.

        A coordinate whose view is missing becomes what CMS puts there: the middle of what
        measured the other one, with slope 0. Read in DTSegmentUpdator.cc of cms-sw/cmssw.

        Args:
            rng: Random numbers.
            event: Shape (n,), as all that follows.
            muon: -1 for noise.
            code: Chamber.
            position: Local x and y, cm; moved into the chamber where it lies outside.
            slope: dx/dz and dy/dz.
            phi_hits: 0 without phi view.
            z_hits: 0 without theta view.
        """
        theta_x = superlayer_table()[code, 1, 0]
        half_width, half_length = widths_cm()[code] / 2, lengths_cm()[code] / 2
        has_phi, has_zed = phi_hits > 0, z_hits > 0
        return cls(
            event,
            muon,
            code,
            x=np.where(has_phi, np.clip(position[0], -half_width, half_width), theta_x),
            y=np.where(has_zed, np.clip(position[1], -half_length, half_length), 0.0),
            dxdz=np.where(has_phi, slope[0], 0.0),
            dydz=np.where(has_zed, slope[1], 0.0),
            phi_hits=phi_hits,
            z_hits=z_hits,
            phi_chi2=draw_chi2(rng, phi_hits),
            z_chi2=draw_chi2(rng, z_hits),
            phi_t0=draw_t0(rng, code, phi_hits),
            z_t0=draw_t0(rng, code, z_hits),
        )


def merge(parts: Sequence[SegmentCandidates], n_events: int) -> DrawnSegments:
    """Return segments sorted by event and chamber; in one chamber, in the order of the parts."""
    joined = concatenate(parts)
    rows = take(joined, np.argsort(joined.event * N_CODES + joined.code, kind="stable"))
    return DrawnSegments(
        counts_to_offsets(np.bincount(rows.event, minlength=n_events)),
        muon=rows.muon,
        code=rows.code,
        x=rows.x.astype(np.float32),
        y=rows.y.astype(np.float32),
        dxdz=rows.dxdz.astype(np.float32),
        dydz=rows.dydz.astype(np.float32),
        has_phi=rows.phi_hits > 0,
        has_zed=rows.z_hits > 0,
        phi_hits=rows.phi_hits,
        z_hits=rows.z_hits,
        phi_chi2=rows.phi_chi2,
        z_chi2=rows.z_chi2,
        phi_t0=rows.phi_t0,
        z_t0=rows.z_t0,
    )
